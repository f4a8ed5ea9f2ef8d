//! Templates: what is rendered before the server reads it.

use super::super::parse;
use super::check;
use crate::source::FileId;

fn templated(text: &str) -> bool {
    parse(FileId(0), text).templated
}

#[test]
fn in_words() {
    check("Listen {{ port }}", "Listen ⟨{{ port }}⟩;");
    check("ServerName {{ name }}.example.com", "ServerName ⟨{{ name }}.example.com⟩;");
    check("AuthName \"{{ realm | default(\"x\") }}\"", "AuthName ⟨\"{{ realm | default(\\\"x\\\") }}\"⟩;");
    check("Listen <%= @port %>", "Listen ⟨<%= @port %>⟩;");
    check("Listen @@Port@@", "Listen ⟨@@Port@@⟩;");
    check("<VirtualHost *:{{ port }}>\n</VirtualHost>", "<VirtualHost ⟨*:{{ port }}⟩> /");
    check("<{{ section }} x>\n</{{ section }}>", "⟨<{{ section }}⟩ x> /");
}

#[test]
fn as_statements() {
    check("{% if a %}\nListen 81\n{% endif %}", "Listen 81;");
    check("{% if a %} Listen 81\n{% endif %}\nA", "Listen 81; A;");
    check("<% if a %>\nListen 81\n<% end %>", "Listen 81;");
    check("@@LoadModule@@\nA", "A;");
    check("{{/* a\nb */}}\nA", "A;");
    assert_eq!(parse(FileId(0), "{% a %}\n{# b #}").holes.len(), 2);
}

#[test]
fn what_the_rendering_may_mend_is_no_error() {
    assert!(parse(FileId(0), "{% if a %}\n<Files x>\n{% endif %}\nA").errors.is_empty());
    assert!(parse(FileId(0), "<% if a %>\n</Files>\n<% end %>").errors.is_empty());
    assert!(!parse(FileId(0), "Listen {{ port }}\n<Files x>").errors.is_empty());
}

#[test]
fn what_is_no_hole() {
    for text in [
        "RewriteCond %{HTTP:Authorization} ^(.+)$",
        "LogFormat \"%{User-Agent}i %>s %% <%h %>s\" x",
        "RewriteRule ^a{1,2}(b{3})$ /${map:$1} [E=x:%{ENV:y}]",
        "Define x ${Y}",
        "<If \"%{REQUEST_URI} =~ m#^/{a}#\">\n</If>",
        "ServerAdmin webmaster@example.com",
        "Header set X \"%{REMOTE_ADDR}e %t\"",
        "Alias /~user@X /x",
        "RedirectMatch ^/x\\{\\{ /y",
        "<Directory \"/home/*/public_html\">\n</Directory>",
        "SetEnvIf X \"@\" a=@b",
    ] {
        assert!(!templated(text), "{text}");
    }
}
