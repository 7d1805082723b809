<?php
// Installs WordPress into a database that has none. Prints the password of the administrator when it had to make one.
$url = getenv('WP_URL') ?: 'http://' . gethostbyname(gethostname());
$user = getenv('MYSQL_USER') ?: 'wordpress';
$password = getenv('MYSQL_PASSWORD') ?: '';
$mail = getenv('ADMIN_EMAIL') ?: 'admin@localhost.localdomain';
$title = getenv('WP_TITLE') ?: 'WordPress on the grid';

define('WP_INSTALLING', true);
define('WP_SITEURL', $url);
$_SERVER['HTTP_HOST'] = parse_url($url, PHP_URL_HOST);
$_SERVER['REQUEST_URI'] = '/';

// There is nothing to send mail with yet.
function wp_new_blog_notification()
{
}

require '/usr/share/wordpress/wp-load.php';
require ABSPATH . 'wp-admin/includes/upgrade.php';

if (is_blog_installed()) {
    exit(0);
}
$result = wp_install($title, sanitize_user($user), $mail, true, '', wp_slash($password));
if ($password === '') {
    echo $result['password'], "\n";
}
