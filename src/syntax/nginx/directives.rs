//! The directives that nginx and its common modules know.

use std::collections::HashMap;
use std::sync::LazyLock;

macro_rules! directives {
    ($($variant:ident $name:literal;)*) => {
        /// A known directive; the variant is the directive's name in camel case.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[allow(missing_docs, reason = "each variant is the directive of that name")]
        #[repr(u16)]
        pub enum Name {
            $($variant,)*
            /// An entry in the body of `map`, `geo`, `types`, `split_clients`, `charset_map`: its first word is data.
            Entry,
            /// A name that is not in the table: a third-party module or a typing error.
            Unknown,
        }

        const NAMES: &[(&str, Name)] = &[$(($name, Name::$variant),)*];
    };
}

directives! {
    AbsoluteRedirect "absolute_redirect";
    AcceptMutex "accept_mutex";
    AccessByLua "access_by_lua";
    AccessByLuaBlock "access_by_lua_block";
    AccessByLuaFile "access_by_lua_file";
    AccessLog "access_log";
    AddAfterBody "add_after_body";
    AddBeforeBody "add_before_body";
    AddHeader "add_header";
    AddHeaderInherit "add_header_inherit";
    AddTrailer "add_trailer";
    Alias "alias";
    Allow "allow";
    Api "api";
    AuthBasic "auth_basic";
    AuthBasicUserFile "auth_basic_user_file";
    AuthDelay "auth_delay";
    AuthDigest "auth_digest";
    AuthGss "auth_gss";
    AuthHttp "auth_http";
    AuthJwt "auth_jwt";
    AuthJwtKeyFile "auth_jwt_key_file";
    AuthJwtKeyRequest "auth_jwt_key_request";
    AuthJwtRequire "auth_jwt_require";
    AuthLdap "auth_ldap";
    AuthLdapServers "auth_ldap_servers";
    AuthPam "auth_pam";
    AuthPamServiceName "auth_pam_service_name";
    AuthRequest "auth_request";
    AuthRequestSet "auth_request_set";
    AuthSpnego "auth_spnego";
    Autoindex "autoindex";
    Break "break";
    Charset "charset";
    CharsetMap "charset_map";
    ChunkedTransferEncoding "chunked_transfer_encoding";
    ClientHeaderBufferSize "client_header_buffer_size";
    ClientMaxBodySize "client_max_body_size";
    ContentByLua "content_by_lua";
    ContentByLuaBlock "content_by_lua_block";
    ContentByLuaFile "content_by_lua_file";
    DavMethods "dav_methods";
    DefaultType "default_type";
    Deny "deny";
    DisableSymlinks "disable_symlinks";
    EmptyGif "empty_gif";
    Env "env";
    ErrorLog "error_log";
    ErrorPage "error_page";
    Events "events";
    Expires "expires";
    FastcgiCache "fastcgi_cache";
    FastcgiCacheBypass "fastcgi_cache_bypass";
    FastcgiCacheKey "fastcgi_cache_key";
    FastcgiCacheMethods "fastcgi_cache_methods";
    FastcgiCachePath "fastcgi_cache_path";
    FastcgiCacheValid "fastcgi_cache_valid";
    FastcgiHideHeader "fastcgi_hide_header";
    FastcgiIgnoreHeaders "fastcgi_ignore_headers";
    FastcgiIndex "fastcgi_index";
    FastcgiInterceptErrors "fastcgi_intercept_errors";
    FastcgiNextUpstream "fastcgi_next_upstream";
    FastcgiNoCache "fastcgi_no_cache";
    FastcgiParam "fastcgi_param";
    FastcgiPass "fastcgi_pass";
    FastcgiPassHeader "fastcgi_pass_header";
    FastcgiPassRequestBody "fastcgi_pass_request_body";
    FastcgiPassRequestHeaders "fastcgi_pass_request_headers";
    FastcgiSplitPathInfo "fastcgi_split_path_info";
    FastcgiStore "fastcgi_store";
    Flv "flv";
    Geo "geo";
    Geoip2 "geoip2";
    GeoipCity "geoip_city";
    GeoipCountry "geoip_country";
    GeoipOrg "geoip_org";
    GrpcHideHeader "grpc_hide_header";
    GrpcIgnoreHeaders "grpc_ignore_headers";
    GrpcInterceptErrors "grpc_intercept_errors";
    GrpcPass "grpc_pass";
    GrpcPassHeader "grpc_pass_header";
    GrpcSetHeader "grpc_set_header";
    Gzip "gzip";
    GzipStatic "gzip_static";
    HeaderFilterByLua "header_filter_by_lua";
    HeaderFilterByLuaBlock "header_filter_by_lua_block";
    HeaderFilterByLuaFile "header_filter_by_lua_file";
    Http "http";
    Http2 "http2";
    Http3 "http3";
    If "if";
    IfModifiedSince "if_modified_since";
    IgnoreInvalidHeaders "ignore_invalid_headers";
    ImageFilter "image_filter";
    Include "include";
    Index "index";
    Internal "internal";
    IpHash "ip_hash";
    JsAccess "js_access";
    JsContent "js_content";
    JsImport "js_import";
    JsSet "js_set";
    Keepalive "keepalive";
    LargeClientHeaderBuffers "large_client_header_buffers";
    LeastConn "least_conn";
    LimitConn "limit_conn";
    LimitConnStatus "limit_conn_status";
    LimitConnZone "limit_conn_zone";
    LimitExcept "limit_except";
    LimitReq "limit_req";
    LimitReqDryRun "limit_req_dry_run";
    LimitReqStatus "limit_req_status";
    LimitReqZone "limit_req_zone";
    Listen "listen";
    LoadModule "load_module";
    Location "location";
    LogFormat "log_format";
    LogNotFound "log_not_found";
    LogSubrequest "log_subrequest";
    Mail "mail";
    Map "map";
    MapHashBucketSize "map_hash_bucket_size";
    MaxRanges "max_ranges";
    MemcachedPass "memcached_pass";
    MergeSlashes "merge_slashes";
    Mirror "mirror";
    Modsecurity "modsecurity";
    ModsecurityRules "modsecurity_rules";
    ModsecurityRulesFile "modsecurity_rules_file";
    MoreClearHeaders "more_clear_headers";
    MoreClearInputHeaders "more_clear_input_headers";
    MoreSetHeaders "more_set_headers";
    MoreSetInputHeaders "more_set_input_headers";
    Mp4 "mp4";
    MsieRefresh "msie_refresh";
    OpenFileCache "open_file_cache";
    Pagespeed "pagespeed";
    PassengerEnabled "passenger_enabled";
    Perl "perl";
    PerlSet "perl_set";
    Pid "pid";
    PortInRedirect "port_in_redirect";
    PostAction "post_action";
    ProxyBuffering "proxy_buffering";
    ProxyCache "proxy_cache";
    ProxyCacheBypass "proxy_cache_bypass";
    ProxyCacheConvertHead "proxy_cache_convert_head";
    ProxyCacheKey "proxy_cache_key";
    ProxyCacheLock "proxy_cache_lock";
    ProxyCacheMethods "proxy_cache_methods";
    ProxyCacheMinUses "proxy_cache_min_uses";
    ProxyCachePath "proxy_cache_path";
    ProxyCacheUseStale "proxy_cache_use_stale";
    ProxyCacheValid "proxy_cache_valid";
    ProxyConnectTimeout "proxy_connect_timeout";
    ProxyCookieDomain "proxy_cookie_domain";
    ProxyCookieFlags "proxy_cookie_flags";
    ProxyCookiePath "proxy_cookie_path";
    ProxyHideHeader "proxy_hide_header";
    ProxyHttpVersion "proxy_http_version";
    ProxyIgnoreHeaders "proxy_ignore_headers";
    ProxyInterceptErrors "proxy_intercept_errors";
    ProxyMethod "proxy_method";
    ProxyNextUpstream "proxy_next_upstream";
    ProxyNoCache "proxy_no_cache";
    ProxyPass "proxy_pass";
    ProxyPassHeader "proxy_pass_header";
    ProxyPassRequestBody "proxy_pass_request_body";
    ProxyPassRequestHeaders "proxy_pass_request_headers";
    ProxyRedirect "proxy_redirect";
    ProxySetBody "proxy_set_body";
    ProxySetHeader "proxy_set_header";
    ProxySslName "proxy_ssl_name";
    ProxySslServerName "proxy_ssl_server_name";
    ProxyStore "proxy_store";
    RandomIndex "random_index";
    RealIpHeader "real_ip_header";
    RealIpRecursive "real_ip_recursive";
    RecursiveErrorPages "recursive_error_pages";
    Resolver "resolver";
    Return "return";
    Rewrite "rewrite";
    RewriteByLua "rewrite_by_lua";
    RewriteByLuaBlock "rewrite_by_lua_block";
    RewriteByLuaFile "rewrite_by_lua_file";
    RewriteLog "rewrite_log";
    Root "root";
    Satisfy "satisfy";
    ScgiCache "scgi_cache";
    ScgiCacheBypass "scgi_cache_bypass";
    ScgiCacheKey "scgi_cache_key";
    ScgiCacheMethods "scgi_cache_methods";
    ScgiCachePath "scgi_cache_path";
    ScgiCacheValid "scgi_cache_valid";
    ScgiHideHeader "scgi_hide_header";
    ScgiIgnoreHeaders "scgi_ignore_headers";
    ScgiInterceptErrors "scgi_intercept_errors";
    ScgiNoCache "scgi_no_cache";
    ScgiParam "scgi_param";
    ScgiPass "scgi_pass";
    ScgiPassHeader "scgi_pass_header";
    ScgiPassRequestHeaders "scgi_pass_request_headers";
    SecureLink "secure_link";
    SecureLinkMd5 "secure_link_md5";
    SecureLinkSecret "secure_link_secret";
    Server "server";
    ServerName "server_name";
    ServerNameInRedirect "server_name_in_redirect";
    ServerNamesHashBucketSize "server_names_hash_bucket_size";
    ServerNamesHashMaxSize "server_names_hash_max_size";
    ServerTokens "server_tokens";
    Set "set";
    SetByLua "set_by_lua";
    SetByLuaBlock "set_by_lua_block";
    SetByLuaFile "set_by_lua_file";
    SetFromAcceptLanguage "set_from_accept_language";
    SetRealIpFrom "set_real_ip_from";
    Slice "slice";
    SplitClients "split_clients";
    Ssi "ssi";
    Ssl "ssl";
    SslCertificate "ssl_certificate";
    SslCertificateKey "ssl_certificate_key";
    SslClientCertificate "ssl_client_certificate";
    SslPreread "ssl_preread";
    SslRejectHandshake "ssl_reject_handshake";
    SslVerifyClient "ssl_verify_client";
    Status "status";
    Stream "stream";
    StubStatus "stub_status";
    SubFilter "sub_filter";
    TryFiles "try_files";
    Types "types";
    UnderscoresInHeaders "underscores_in_headers";
    Upstream "upstream";
    User "user";
    Userid "userid";
    UwsgiCache "uwsgi_cache";
    UwsgiCacheBypass "uwsgi_cache_bypass";
    UwsgiCacheKey "uwsgi_cache_key";
    UwsgiCacheMethods "uwsgi_cache_methods";
    UwsgiCachePath "uwsgi_cache_path";
    UwsgiCacheValid "uwsgi_cache_valid";
    UwsgiHideHeader "uwsgi_hide_header";
    UwsgiIgnoreHeaders "uwsgi_ignore_headers";
    UwsgiInterceptErrors "uwsgi_intercept_errors";
    UwsgiNoCache "uwsgi_no_cache";
    UwsgiParam "uwsgi_param";
    UwsgiPass "uwsgi_pass";
    UwsgiPassHeader "uwsgi_pass_header";
    UwsgiPassRequestHeaders "uwsgi_pass_request_headers";
    WorkerConnections "worker_connections";
    WorkerProcesses "worker_processes";
    XsltStylesheet "xslt_stylesheet";
}

static BY_NAME: LazyLock<HashMap<&'static str, Name, foldhash::fast::FixedState>> =
    LazyLock::new(|| NAMES.iter().copied().collect());

impl Name {
    /// Number of variants, for tables indexed by `Name as usize`.
    pub const COUNT: usize = Name::Unknown as usize + 1;

    /// The directive of that name; names are case-sensitive.
    pub fn of(name: &str) -> Name {
        BY_NAME.get(name).copied().unwrap_or(Name::Unknown)
    }
}
