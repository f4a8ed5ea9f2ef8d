//! Files that come with nginx, with Debian's package of it, or with certbot. Where the tree holds no copy of them, what they
//! say is known all the same. The texts below list their directives; they are not the files.

/// The text of a shipped file, by the name that [`find`] gave.
pub(super) fn text(name: &str) -> Option<&'static str> {
    SHIPPED.iter().find(|(known, _)| *known == name).map(|(_, text)| *text)
}

/// The shipped file that a path means: `path` is relative to the folder of nginx's configuration, or absolute. The names that
/// come with nginx itself are known in whatever folder they are looked for.
pub(super) fn find(path: &str) -> Option<&'static str> {
    let path = path.trim_start_matches("./");
    let exact = SHIPPED.iter().find(|(known, _)| *known == path);
    let by_name = || {
        let (_, name) = path.rsplit_once('/')?;
        SHIPPED.iter().take(STOCK).find(|(known, _)| *known == name)
    };
    exact.or_else(by_name).map(|(known, _)| *known)
}

/// Whether a pattern means a folder of packages' `load_module` lines, which act on no request.
pub(super) fn is_known_folder(argument: &str, relative: &str) -> bool {
    matches!(relative, "modules-enabled/*.conf" | "modules-enabled/*" | "modules/*.conf" | "modules.d/*.conf")
        || matches!(
            argument,
            "/usr/share/nginx/modules/*.conf" | "/usr/lib/nginx/modules/*.conf" | "/usr/share/nginx/modules.d/*.conf"
        )
}

/// How many of [`SHIPPED`] come with nginx itself.
const STOCK: usize = 8;

const SHIPPED: &[(&str, &str)] = &[
    ("mime.types", MIME_TYPES),
    ("fastcgi_params", FASTCGI_PARAMS),
    ("fastcgi.conf", FASTCGI_CONF),
    ("uwsgi_params", UWSGI_PARAMS),
    ("scgi_params", SCGI_PARAMS),
    ("koi-utf", "charset_map koi8-r utf-8 {\n}\n"),
    ("koi-win", "charset_map koi8-r windows-1251 {\n}\n"),
    ("win-utf", "charset_map windows-1251 utf-8 {\n}\n"),
    // Debian
    ("proxy_params", PROXY_PARAMS),
    ("snippets/fastcgi-php.conf", FASTCGI_PHP),
    ("snippets/snakeoil.conf", SNAKEOIL),
    // certbot
    ("/etc/letsencrypt/options-ssl-nginx.conf", CERTBOT_TLS),
];

const FASTCGI_CONF: &str = "\
fastcgi_param SCRIPT_FILENAME $document_root$fastcgi_script_name;
fastcgi_param QUERY_STRING $query_string;
fastcgi_param REQUEST_METHOD $request_method;
fastcgi_param CONTENT_TYPE $content_type;
fastcgi_param CONTENT_LENGTH $content_length;
fastcgi_param SCRIPT_NAME $fastcgi_script_name;
fastcgi_param REQUEST_URI $request_uri;
fastcgi_param DOCUMENT_URI $document_uri;
fastcgi_param DOCUMENT_ROOT $document_root;
fastcgi_param SERVER_PROTOCOL $server_protocol;
fastcgi_param REQUEST_SCHEME $scheme;
fastcgi_param HTTPS $https if_not_empty;
fastcgi_param GATEWAY_INTERFACE CGI/1.1;
fastcgi_param SERVER_SOFTWARE nginx/$nginx_version;
fastcgi_param REMOTE_ADDR $remote_addr;
fastcgi_param REMOTE_PORT $remote_port;
fastcgi_param SERVER_ADDR $server_addr;
fastcgi_param SERVER_PORT $server_port;
fastcgi_param SERVER_NAME $server_name;
fastcgi_param REDIRECT_STATUS 200;
";

const FASTCGI_PARAMS: &str = "\
fastcgi_param QUERY_STRING $query_string;
fastcgi_param REQUEST_METHOD $request_method;
fastcgi_param CONTENT_TYPE $content_type;
fastcgi_param CONTENT_LENGTH $content_length;
fastcgi_param SCRIPT_NAME $fastcgi_script_name;
fastcgi_param REQUEST_URI $request_uri;
fastcgi_param DOCUMENT_URI $document_uri;
fastcgi_param DOCUMENT_ROOT $document_root;
fastcgi_param SERVER_PROTOCOL $server_protocol;
fastcgi_param REQUEST_SCHEME $scheme;
fastcgi_param HTTPS $https if_not_empty;
fastcgi_param GATEWAY_INTERFACE CGI/1.1;
fastcgi_param SERVER_SOFTWARE nginx/$nginx_version;
fastcgi_param REMOTE_ADDR $remote_addr;
fastcgi_param REMOTE_PORT $remote_port;
fastcgi_param SERVER_ADDR $server_addr;
fastcgi_param SERVER_PORT $server_port;
fastcgi_param SERVER_NAME $server_name;
fastcgi_param REDIRECT_STATUS 200;
";

const UWSGI_PARAMS: &str = "\
uwsgi_param QUERY_STRING $query_string;
uwsgi_param REQUEST_METHOD $request_method;
uwsgi_param CONTENT_TYPE $content_type;
uwsgi_param CONTENT_LENGTH $content_length;
uwsgi_param REQUEST_URI $request_uri;
uwsgi_param PATH_INFO $document_uri;
uwsgi_param DOCUMENT_ROOT $document_root;
uwsgi_param SERVER_PROTOCOL $server_protocol;
uwsgi_param REQUEST_SCHEME $scheme;
uwsgi_param HTTPS $https if_not_empty;
uwsgi_param REMOTE_ADDR $remote_addr;
uwsgi_param REMOTE_PORT $remote_port;
uwsgi_param SERVER_PORT $server_port;
uwsgi_param SERVER_NAME $server_name;
";

const SCGI_PARAMS: &str = "\
scgi_param REQUEST_METHOD $request_method;
scgi_param REQUEST_URI $request_uri;
scgi_param QUERY_STRING $query_string;
scgi_param CONTENT_TYPE $content_type;
scgi_param DOCUMENT_URI $document_uri;
scgi_param DOCUMENT_ROOT $document_root;
scgi_param SCGI 1;
scgi_param SERVER_PROTOCOL $server_protocol;
scgi_param REQUEST_SCHEME $scheme;
scgi_param HTTPS $https if_not_empty;
scgi_param REMOTE_ADDR $remote_addr;
scgi_param REMOTE_PORT $remote_port;
scgi_param SERVER_PORT $server_port;
scgi_param SERVER_NAME $server_name;
";

const PROXY_PARAMS: &str = "\
proxy_set_header Host $http_host;
proxy_set_header X-Real-IP $remote_addr;
proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
proxy_set_header X-Forwarded-Proto $scheme;
";

const FASTCGI_PHP: &str = "\
fastcgi_split_path_info ^(.+?\\.php)(/.*)$;
try_files $fastcgi_script_name =404;
set $path_info $fastcgi_path_info;
fastcgi_param PATH_INFO $path_info;
fastcgi_index index.php;
include fastcgi.conf;
";

const SNAKEOIL: &str = "\
ssl_certificate /etc/ssl/certs/ssl-cert-snakeoil.pem;
ssl_certificate_key /etc/ssl/private/ssl-cert-snakeoil.key;
";

const CERTBOT_TLS: &str = "\
ssl_session_cache shared:le_nginx_SSL:10m;
ssl_session_timeout 1440m;
ssl_session_tickets off;
ssl_protocols TLSv1.2 TLSv1.3;
ssl_prefer_server_ciphers off;
";

const MIME_TYPES: &str = "\
types {
text/html html htm shtml;
text/css css;
text/xml xml;
text/plain txt;
text/mathml mml;
image/gif gif;
image/jpeg jpeg jpg;
image/png png;
image/avif avif;
image/webp webp;
image/svg+xml svg svgz;
image/tiff tif tiff;
image/x-icon ico;
image/x-ms-bmp bmp;
font/woff woff;
font/woff2 woff2;
application/javascript js;
application/json json;
application/wasm wasm;
application/atom+xml atom;
application/rss+xml rss;
application/xhtml+xml xhtml;
application/pdf pdf;
application/rtf rtf;
application/postscript ps eps ai;
application/msword doc;
application/vnd.ms-excel xls;
application/vnd.ms-powerpoint ppt;
application/vnd.ms-fontobject eot;
application/vnd.openxmlformats-officedocument.wordprocessingml.document docx;
application/vnd.openxmlformats-officedocument.spreadsheetml.sheet xlsx;
application/vnd.openxmlformats-officedocument.presentationml.presentation pptx;
application/vnd.oasis.opendocument.text odt;
application/vnd.oasis.opendocument.spreadsheet ods;
application/vnd.oasis.opendocument.presentation odp;
application/vnd.apple.mpegurl m3u8;
application/java-archive jar war ear;
application/zip zip;
application/x-7z-compressed 7z;
application/x-rar-compressed rar;
application/x-x509-ca-cert der pem crt;
application/octet-stream bin exe dll deb dmg iso img msi msp msm;
audio/midi mid midi kar;
audio/mpeg mp3;
audio/ogg ogg;
audio/x-m4a m4a;
video/3gpp 3gpp 3gp;
video/mp2t ts;
video/mp4 mp4;
video/mpeg mpeg mpg;
video/quicktime mov;
video/webm webm;
video/x-flv flv;
video/x-m4v m4v;
video/x-msvideo avi;
}
";
