//! Templates.

use super::super::parse;
use super::check;
use crate::source::FileId;

#[track_caller]
fn holes(text: &str, expected: &[&str]) {
    let tree = parse(FileId(0), text);
    let found: Vec<&str> = tree.holes.iter().map(|s| &text[s.start as usize..s.end as usize]).collect();
    assert_eq!(found, expected, "for {text:?}");
    assert_eq!(tree.errors, [], "for {text:?}");
}

#[test]
fn in_words() {
    check("listen {{ port }};", "listen ⟨{{ port }}⟩;");
    check("root /srv/{{ a.b | default('x y;') }}/public;", "root ⟨/srv/{{ a.b | default('x y;') }}/public⟩;");
    check("return 200 \"{{ x | default \"a\" }}\";", "return 200 ⟨\"{{ x | default \\\"a\\\" }}\"⟩;");
    check("location {{ path }} { root /x; }", "location ⟨{{ path }}⟩ { root /x; }");
    check("listen 80{% if x %} proxy_protocol{% endif %};", "listen ⟨80{% if x %}⟩ ⟨proxy_protocol{% endif %}⟩;");
    check("server_name <%= @host %>;", "server_name ⟨<%= @host %>⟩;");
    check("root @@ROOT@@/x; user %%USER%%; pid @PID_FILE@;", "root ⟨@@ROOT@@/x⟩; user ⟨%%USER%%⟩; pid ⟨@PID_FILE@⟩;");
    check("a ${{ secrets.x }};", "a ⟨${{ secrets.x }}⟩;");
    check("{{ key }} {{ value }};", "⟨{{ key }}⟩ ⟨{{ value }}⟩;");
    check("add_header \"x\"{{ y }};", "add_header \"x\" ⟨{{ y }}⟩;");
}

#[test]
fn as_statements() {
    holes("{% if x %}\nlisten 80;\n{% endif %}", &["{% if x %}", "{% endif %}"]);
    holes(
        "{# a\n b #}\n{{ if .X }}listen 80;{{ else }}listen 81;{{ end }}",
        &["{# a\n b #}", "{{ if .X }}", "{{ else }}", "{{ end }}"],
    );
    holes("{{#if x}}\nroot /x;\n{{/if}}\n{{! note }}", &["{{#if x}}", "{{/if}}", "{{! note }}"]);
    holes("{{- /* a\nb */ -}}\n{{ include \"x\" . }}\nroot /x;", &["{{- /* a\nb */ -}}", "{{ include \"x\" . }}"]);
    holes("server { {{ extra }} }", &["{{ extra }}"]);
    holes("server {{% block a %} listen 80; {% endblock %}}", &["{% block a %}", "{% endblock %}"]);
    holes("<% if x then %>\nroot /x;\n<% end %>", &["<% if x then %>", "<% end %>"]);
    holes("@@INCLUDE@@\nroot /x;", &["@@INCLUDE@@"]);
    holes("${EXTRA}\nroot /x;", &["${EXTRA}"]);
    holes("{{ a }} {{ b }}\nroot /x;", &["{{ a }} {{ b }}"]);
}

#[test]
fn what_the_rendering_may_mend_is_no_error() {
    for text in [
        "{% if x %}\nserver {\n{% else %}\nserver {\n{% endif %}\n listen 80;\n}\n",
        "{% if x %}\nlocation / {\n{% endif %}\n root /x;\n{% if x %}\n}\n{% endif %}\n}",
        "server {\n{{ x }};\n}",
        "server { root {{ x }} }",
        "return 200 \"{% if a %}x\"{% else %}y\"{% endif %};\nroot /x;",
        "{{ head }} { root /x; }",
        "map $a $b { {{ x }} 1 2; {% for y in z %} {{ y }} 1; {% endfor %} }",
    ] {
        let tree = parse(FileId(0), text);
        assert_eq!(tree.errors, [], "{text}");
        assert!(tree.templated, "{text}");
    }
}

#[test]
fn what_is_no_hole() {
    check("server {# the main one }\n root /x; }", "server { root /x; }");
    check("server {# main #}\n root /x; }", "server { root /x; }");
    check("log_format a '{\"x\": {\"y\": 1}}';", "log_format a \"{\\\"x\\\": {\\\"y\\\": 1}}\";");
    check("sub_filter '{{' '}}';", "sub_filter \"{{\" \"}}\";");
    check("server_name x@y.org; location @fallback { }", "server_name x@y.org; location @fallback { }");
    check("server {{ listen 80; }}", "server { listen 80; }\n1:9: unexpected \"{\"");
    assert!(!parse(FileId(0), "server_name x; return 200 ${HOST};").templated);
}

#[test]
fn environment_variables_count_where_the_server_has_none() {
    check("return 200 ${HOST};", "return 200 ${HOST};");
    check("listen ${PORT}; return 200 ${HOST}${uri};", "listen ⟨${PORT}⟩; return 200 ⟨${HOST}${uri}⟩;");
    check("{% x %} root ${ROOT};", "root ⟨${ROOT}⟩;");
}
