<?php
// What WordPress needs to know of this machine. The database lets the user of the web server in by the socket.
define('DB_NAME', 'wordpress');
define('DB_USER', 'www-data');
define('DB_PASSWORD', '');
define('DB_HOST', 'localhost:/run/mysqld/mysqld.sock');
define('DB_CHARSET', 'utf8mb4');
define('WP_CONTENT_DIR', '/var/lib/wordpress/wp-content');
define('FS_METHOD', 'direct');
// The service "wordpress" does what is due.
define('DISABLE_WP_CRON', true);
require '/var/lib/wordpress/keys.php';

// Until it is installed, whoever came first could make himself its administrator.
if (PHP_SAPI !== 'cli' && !file_exists('/run/wordpress/ready')) {
    http_response_code(503);
    header('Retry-After: 5');
    exit('This site is being set up; it is there in a moment.');
}
