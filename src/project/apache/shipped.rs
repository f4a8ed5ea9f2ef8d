//! Files that come with Debian's package or with certbot. Where the tree holds no copy of them, what they say is known all the
//! same. The texts below list their directives; they are not the files.

/// The shipped file that an absolute path, or one relative to the folder of the configuration, means.
pub(super) fn find(path: &str) -> Option<&'static str> {
    SHIPPED.iter().find(|(known, _)| *known == path).map(|(known, _)| *known)
}

/// The text of a shipped file, by the name that [`find`] gave.
pub(super) fn text(name: &str) -> Option<&'static str> {
    SHIPPED.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

/// Whether a pattern means folders of links to files that are enabled (`a2enmod`, `a2ensite`): made on the server, and often
/// not in a repository.
pub(super) fn is_made_on_the_server(relative: &str) -> bool {
    let folder = relative.split('/').next().unwrap_or_default();
    matches!(folder, "mods-enabled" | "conf-enabled" | "sites-enabled" | "conf.modules.d")
}

const SHIPPED: &[(&str, &str)] = &[
    ("ports.conf", PORTS),
    // certbot
    ("/etc/letsencrypt/options-ssl-apache.conf", CERTBOT_TLS),
];

const PORTS: &str = "\
Listen 80
<IfModule ssl_module>
Listen 443
</IfModule>
<IfModule mod_gnutls.c>
Listen 443
</IfModule>
";

const CERTBOT_TLS: &str = "\
SSLEngine on
SSLProtocol all -SSLv2 -SSLv3 -TLSv1 -TLSv1.1
SSLHonorCipherOrder off
SSLSessionTickets off
SSLOptions +StrictRequire
";
