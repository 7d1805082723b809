-- The chat server behind the meetings of @NAME@.
plugin_paths = { "/usr/share/jitsi-meet/prosody-plugins/" }
cross_domain_bosh = false
consider_bosh_secure = true
https_ports = { }

VirtualHost "@NAME@"
    authentication = "jitsi-anonymous"
    modules_enabled = { "bosh", "websocket", "pubsub", "ping", "speakerstats", "conference_duration", "muc_lobby_rooms", "av_moderation" }
    c2s_require_encryption = false
    lobby_muc = "lobby.@NAME@"
    main_muc = "conference.@NAME@"
    speakerstats_component = "speakerstats.@NAME@"
    conference_duration_component = "conferenceduration.@NAME@"
    av_moderation_component = "avmoderation.@NAME@"

VirtualHost "auth.@NAME@"
    authentication = "internal_hashed"
    ssl = { key = "/etc/prosody/certs/auth.@NAME@.key"; certificate = "/etc/prosody/certs/auth.@NAME@.crt"; }

Component "conference.@NAME@" "muc"
    restrict_room_creation = true
    storage = "memory"
    modules_enabled = { "muc_meeting_id", "muc_domain_mapper" }
    admins = { "focus@auth.@NAME@" }
    muc_room_locking = false
    muc_room_default_public_jids = true

Component "internal.auth.@NAME@" "muc"
    storage = "memory"
    modules_enabled = { "ping" }
    admins = { "focus@auth.@NAME@", "jvb@auth.@NAME@" }
    muc_room_locking = false
    muc_room_default_public_jids = true

Component "focus.@NAME@" "client_proxy"
    target_address = "focus@auth.@NAME@"

Component "speakerstats.@NAME@" "speakerstats_component"
    muc_component = "conference.@NAME@"

Component "conferenceduration.@NAME@" "conference_duration_component"
    muc_component = "conference.@NAME@"

Component "avmoderation.@NAME@" "av_moderation_component"
    muc_component = "conference.@NAME@"

Component "lobby.@NAME@" "muc"
    storage = "memory"
    restrict_room_creation = true
    muc_room_locking = false
    muc_room_default_public_jids = true
