use std::fmt::Write as _;

use super::*;
use crate::files::Memory;
use crate::project::apache::config::{Condition, ConditionKind, Directive, DirectiveId};
use crate::source::SourceMap;

struct Tree {
    files: Memory,
    sources: SourceMap,
    settings: Settings,
}

fn tree(files: &[(&str, &str)]) -> Tree {
    let mut memory = Memory::new();
    for (path, text) in files {
        memory.add(path, *text);
    }
    Tree { files: memory, sources: SourceMap::new(), settings: Settings::default() }
}

impl Tree {
    fn load(&mut self, main: &str) -> Loaded {
        load(&self.files, &mut self.sources, Path::new(main), Path::new(""), &self.settings)
    }

    fn load_htaccess(&mut self, main: &str) -> Loaded {
        load_htaccess(&self.files, &mut self.sources, Path::new(main), Path::new(""), &self.settings)
    }

    /// The directives as the server reads them, indented by depth; includes, macros and conditions left out, `?` before what
    /// hangs on an open condition.
    fn shown(&self, config: &Config) -> Vec<String> {
        let all = (0..config.placed.len() as DirectiveId).map(|id| config.directive(&self.sources, id));
        let read = all.filter(|d| {
            use Name::{IfDefine, IfDirective, IfFile, IfModule, IfSection, IfVersion, Include, IncludeOptional, Macro, Use};
            let passing = [IfDefine, IfDirective, IfFile, IfModule, IfSection, IfVersion, Include, IncludeOptional, Macro, Use];
            !passing.contains(&d.name())
        });
        let line = |d: super::super::Directive| {
            let open = if d.condition() == super::super::CERTAIN { "" } else { "?" };
            format!("{open}{}{} {}", " ".repeat(d.ancestors().count()), d.name().as_str(), d.raw_args()).trim_end().to_owned()
        };
        read.map(line).collect()
    }
}

fn rules(loaded: &Loaded) -> Vec<&'static str> {
    loaded.findings.iter().map(|f| f.rule).collect()
}

#[test]
fn includes_are_placed_in_the_order_of_the_server() {
    let mut tree = tree(&[
        (
            "etc/httpd.conf",
            "ServerRoot /etc/httpd\nInclude inc/*/*.conf\n<Directory /x>\nInclude inc/[ab]\n</Directory>\nInclude inc\n",
        ),
        ("etc/inc/a/z.conf", "SetEnv F a/z"),
        ("etc/inc/a/.dot.conf", "SetEnv F a/.dot"),
        ("etc/inc/a-b/x.conf", "SetEnv F a-b/x"),
        ("etc/inc/b/a.conf", "SetEnv F b/a"),
        ("etc/inc/Z.conf", "SetEnv F Z"),
        ("etc/inc/zz~", "SetEnv F zz~"),
    ]);
    let loaded = tree.load("etc/httpd.conf");
    assert_eq!(rules(&loaded), [""; 0]);
    let want = [
        "ServerRoot /etc/httpd",
        // By the names of the folders: `a` before `a-b`, though `-` sorts before `/`.
        "SetEnv F a/z",
        "SetEnv F a-b/x",
        "SetEnv F b/a",
        "<Directory /x",
        // A folder brings all its files.
        " SetEnv F a/.dot",
        " SetEnv F a/z",
        " SetEnv F b/a",
        "SetEnv F Z",
        "SetEnv F a/.dot",
        "SetEnv F a/z",
        "SetEnv F a-b/x",
        "SetEnv F b/a",
        "SetEnv F zz~",
    ];
    assert_eq!(tree.shown(&loaded.config), want);
    assert!(!loaded.config.incomplete);
    assert!(!loaded.config.partial);
    for (id, placed) in loaded.config.placed.iter().enumerate() {
        assert!(placed.subtree_end > id as u32);
        assert!(placed.parent == TOP || placed.parent < id as u32);
    }
    let last = loaded.config.all(&tree.sources, Name::SetEnv).last().unwrap();
    let chain: Vec<&str> = last.includes().map(|s| tree.sources.text(s)).collect();
    assert_eq!(chain, ["Include inc"]);
}

#[test]
fn what_httpd_refuses_to_include_is_reported() {
    for (line, refused) in [
        ("Include gone.conf", true),
        ("IncludeOptional gone.conf", false),
        ("Include gone/*.conf", true),
        ("IncludeOptional gone/*.conf", false),
        ("Include inc/*.none", true),
        ("IncludeOptional inc/*.none", false),
        ("Include inc/*/none.conf", true),
        ("Include inc/{a,b}/z.conf", true),
        ("Include inc//m.conf", false),
        ("Include ./inc/../inc/m.conf", false),
        ("Include inc/[!x]*", false),
        ("Include inc/\\*.conf", true),
        ("Include inc/m.con[f", true),
        ("Include inc/?h.conf", true),
        ("Include inc/.h*", false),
    ] {
        let text = format!("ServerRoot /srv\n{line}\n");
        let mut tree = tree(&[("srv/httpd.conf", &text), ("srv/inc/m.conf", ""), ("srv/inc/.h.conf", ""), ("srv/inc/a/x", "")]);
        let loaded = tree.load("srv/httpd.conf");
        let reported = loaded.findings.iter().any(|f| f.rule == "unresolved-include" && f.severity.is_none());
        assert_eq!(reported, refused, "{line}: {:?}", loaded.findings);
    }
}

#[test]
fn paths_of_the_server_are_found_in_the_repository() {
    let mut tree = tree(&[
        (
            "deploy/etc/httpd/conf/httpd.conf",
            "ServerRoot \"/etc/httpd\"\nInclude conf.d/*.conf\nInclude /etc/httpd/conf/extra/a.conf\nInclude /etc/ssl/tls.conf\n\
             Include /srv/app/x.conf\nInclude conf/extra/a.conf",
        ),
        ("deploy/etc/httpd/conf.d/b.conf", "SetEnv F b"),
        ("deploy/etc/httpd/conf/extra/a.conf", "SetEnv F a"),
        ("deploy/etc/ssl/tls.conf", "SetEnv F tls"),
        ("app/x.conf", "SetEnv F x"),
    ]);
    tree.settings.include_map = vec![("/srv/app/".into(), "app".into()), ("/srv".into(), "nowhere".into())];
    let loaded = tree.load("deploy/etc/httpd/conf/httpd.conf");
    assert_eq!(rules(&loaded), [""; 0]);
    assert_eq!(tree.shown(&loaded.config)[1..], ["SetEnv F b", "SetEnv F a", "SetEnv F tls", "SetEnv F x", "SetEnv F a"]);
}

#[test]
fn debian_without_its_links_is_no_fault() {
    let main = "DefaultRuntimeDir ${APACHE_RUN_DIR}\nUser ${APACHE_RUN_USER}\nErrorLog ${APACHE_LOG_DIR}/error.log\n\
                IncludeOptional mods-enabled/*.load\nIncludeOptional mods-enabled/*.conf\nInclude ports.conf\n\
                IncludeOptional conf-enabled/*.conf\nIncludeOptional sites-enabled/*.conf\n";
    let mut tree = tree(&[
        ("apache2/apache2.conf", main),
        ("apache2/envvars", "# c\nexport APACHE_LOG_DIR=/var/log/apache2$SUFFIX\nexport X=${Y}\n"),
    ]);
    let loaded = tree.load("apache2/apache2.conf");
    assert_eq!(rules(&loaded), [""; 0]);
    assert!(loaded.config.incomplete && !loaded.config.partial && !loaded.config.modules_complete);
    let log = loaded.config.all(&tree.sources, Name::ErrorLog).next().unwrap();
    assert_eq!((log.arg(0).as_ref(), log.is_unknown()), ("/var/log/apache2/error.log", false));
    let user = loaded.config.all(&tree.sources, Name::User).next().unwrap();
    assert_eq!((user.arg(0).as_ref(), user.is_unknown()), ("${APACHE_RUN_USER}", true));
    // What `ports.conf` of the package says is known.
    assert_eq!(loaded.config.all(&tree.sources, Name::Listen).count(), 3);
}

#[test]
fn modules_decide_conditions_where_the_whole_server_is_in_view() {
    let conditions = "<IfModule mod_rewrite.c>\nSetEnv R 1\n</IfModule>\n<IfModule !rewrite_module>\nSetEnv R 0\n</IfModule>\n\
                      <IfModule mod_php.c>\nSetEnv P 1\n</IfModule>\n<IfModule core.c>\nSetEnv C 1\n</IfModule>\n\
                      <IfModule mod_rewrite>\nSetEnv N 1\n</IfModule>\n<IfModule prefork.c>\nSetEnv W 1\n</IfModule>\n\
                      <IfDirective RewriteRule>\nSetEnv D 1\n</IfDirective>\n<IfSection Proxy>\nSetEnv S 1\n</IfSection>\n";
    let loads = "ServerRoot /x\nLoadModule mpm_event_module a\nLoadModule authz_core_module a\nLoadModule rewrite_module a\n";
    let whole = format!("{loads}{conditions}");
    let mut closed = tree(&[("httpd.conf", &whole)]);
    let loaded = closed.load("httpd.conf");
    assert_eq!(closed.shown(&loaded.config)[4..], ["SetEnv R 1", "SetEnv C 1", "SetEnv D 1"]);
    assert!(loaded.config.modules_complete);
    assert!(loaded.config.modules.contains(&"mod_rewrite".to_owned()));
    assert!(loaded.config.conditions.is_empty());

    let mut part = tree(&[("conf.d/x.conf", conditions)]);
    let loaded = part.load("conf.d/x.conf");
    let want = ["?SetEnv R 1", "?SetEnv R 0", "?SetEnv P 1", "SetEnv C 1", "?SetEnv W 1", "?SetEnv D 1", "?SetEnv S 1"];
    assert_eq!(part.shown(&loaded.config), want);
    assert!(loaded.config.partial);
    let Condition { kind, negated, .. } = &loaded.config.conditions[1];
    assert_eq!((kind, *negated), (&ConditionKind::Module("mod_rewrite".to_owned()), true));

    // A file that could not be read may load what is asked for.
    let open = format!("{loads}Include gone.conf\n{conditions}");
    let mut open = tree(&[("httpd.conf", &open)]);
    let loaded = open.load("httpd.conf");
    assert!(open.shown(&loaded.config).contains(&"?SetEnv P 1".to_owned()));
    assert!(!open.shown(&loaded.config).contains(&"SetEnv W 1".to_owned()), "a server has one MPM");
}

#[test]
fn a_condition_is_put_once() {
    let mut tree = tree(&[(
        "x.conf",
        "<IfModule mod_a.c>\n<IfModule a_module>\nSetEnv A 1\n</IfModule>\n<IfModule !mod_a.c>\nSetEnv A 2\n</IfModule>\n\
         <IfModule mod_b.c>\nSetEnv B 1\n</IfModule>\n</IfModule>\n",
    )]);
    let loaded = tree.load("x.conf");
    assert_eq!(tree.shown(&loaded.config), ["?SetEnv A 1", "?SetEnv B 1"]);
    let b = loaded.config.all(&tree.sources, Name::SetEnv).last().unwrap();
    assert_eq!(loaded.config.conditions[b.condition() as usize].parent, 0);
}

#[test]
fn variables_are_put_in_line_by_line() {
    let mut tree = tree(&[(
        "x.conf",
        "SetEnv A ${V}\nDefine V one\nSetEnv B \"${V} x\"\nSetEnv B \\${V}\nSetEnv B ${${V}}\nDefine V two\n<VirtualHost *:${V}>\n\
         Define V three\n</VirtualHost>\nSetEnv B ${V}\nDefine W ${V}x\nDefine V \"\"\nSetEnv B ${V}\nUnDefine V\nSetEnv C ${V}\n\
         SetEnv D ${W}\nDefine D SetEnv\n${D} E ${W}\nDefine SP \"a b\"\nSetEnv ${SP}\nRewriteRule ^ ${lc:%{HTTP_HOST}}\n",
    )]);
    let loaded = tree.load("x.conf");
    assert_eq!(rules(&loaded), [""; 0]);
    let lines: Vec<_> =
        tree.shown(&loaded.config).into_iter().filter(|l| !l.starts_with("Define") && !l.contains(" Define")).collect();
    let want = [
        "SetEnv A ${V}",
        "SetEnv B \"one x\"",
        "SetEnv B \\one",
        "SetEnv B ${${V}}",
        "<VirtualHost *:two",
        "SetEnv B three",
        "SetEnv B three",
        "UnDefine V",
        "SetEnv C ${V}",
        "SetEnv D threex",
        "SetEnv E threex",
        "SetEnv a b",
        "RewriteRule ^ ${lc:%{HTTP_HOST}}",
    ];
    assert_eq!(lines, want);
    let unknown: Vec<_> =
        loaded.config.all(&tree.sources, Name::SetEnv).filter(Directive::is_unknown).map(|d| d.text()).collect();
    assert_eq!(unknown, ["SetEnv A ${V}", "SetEnv B ${${V}}", "SetEnv C ${V}"]);
    let rewrite = loaded.config.all(&tree.sources, Name::RewriteRule).next().unwrap();
    assert!(!rewrite.is_unknown(), "a map of mod_rewrite is no variable");
    let two = loaded.config.all(&tree.sources, Name::SetEnv).find(|d| d.raw_args() == "a b").unwrap();
    assert_eq!(two.args().collect::<Vec<_>>(), ["a", "b"]);
}

#[test]
fn what_an_open_condition_defines_is_known_in_it_and_unknown_behind_it() {
    let mut tree = tree(&[(
        "x.conf",
        "Define A\n<IfDefine A>\nSetEnv X 1\n</IfDefine>\n<IfDefine !A>\nSetEnv X 2\n</IfDefine>\nDefine S s\n\
         <IfDefine B>\nDefine C c\nDefine A\nDefine S s\n<IfDefine C>\nSetEnv X ${C}3\n</IfDefine>\n\
         <IfModule mod_x.c>\nDefine C d\n</IfModule>\nSetEnv X ${C}4\n</IfDefine>\n\
         <IfDefine A>\nSetEnv X 5${S}\n</IfDefine>\n<IfDefine C>\nSetEnv X ${C}6\n</IfDefine>\nUnDefine A\n<IfDefine A>\nSetEnv X 7\n</IfDefine>\n\
         <IfDefine !G>\nDefine G\n<IfDefine !G>\nSetEnv X 8\n</IfDefine>\n</IfDefine>\n",
    )]);
    let loaded = tree.load("x.conf");
    let lines: Vec<_> = tree.shown(&loaded.config).into_iter().filter(|l| l.contains("SetEnv")).collect();
    assert_eq!(lines, ["SetEnv X 1", "?SetEnv X c3", "?SetEnv X ${C}4", "SetEnv X 5s", "?SetEnv X ${C}6"]);
}

#[test]
fn macros_are_expanded_where_they_are_used() {
    let mut tree = tree(&[(
        "x.conf",
        "<Macro VHost $host $port @name>\n<VirtualHost *:$port>\nServerName $host\nSetEnv N @name\nSetEnv O $hosts${V}\n</VirtualHost>\n</Macro>\n\
         Define V v\nUse VHost a.example 80 'q\"x'\nUSE vhost b.example 81 y\n\
         <Macro Out $x>\nUse In $x\n</Macro>\n<Macro In $y>\nSetEnv in $y\n</Macro>\nUse Out \"'h ey'\"\n\
         <Macro D $n>\n<Macro Inner $q>\nSetEnv $q $n\n</Macro>\n</Macro>\nUse D outer\nUse Inner k\n",
    )]);
    let loaded = tree.load("x.conf");
    assert_eq!(rules(&loaded), [""; 0], "{:?}", loaded.findings);
    let want = [
        "<VirtualHost *:80",
        " ServerName a.example",
        " SetEnv N \"q\\\"x\"",
        " SetEnv O a.examplesv",
        "Define V v",
        "<VirtualHost *:81",
        " ServerName b.example",
        " SetEnv N \"y\"",
        " SetEnv O b.examplesv",
        "SetEnv in h ey",
        "SetEnv k outer",
    ];
    let mut want = want.to_vec();
    let define = want.remove(4);
    want.insert(0, define);
    assert_eq!(tree.shown(&loaded.config), want);
    let name = loaded.config.all(&tree.sources, Name::ServerName).last().unwrap();
    let chain: Vec<&str> = name.includes().map(|s| tree.sources.text(s)).collect();
    assert_eq!(chain, ["USE vhost b.example 81 y"]);
    assert_eq!(name.parent().unwrap().arg(0), "*:81");
}

#[test]
fn macros_that_httpd_refuses() {
    for (text, rule) in [
        ("User x\nUse gone a\n", "syntax-error"),
        // Where this is a part, the macro may be defined elsewhere.
        ("Use gone a\n", "unresolved-include"),
        ("<Macro R>\nUse R\n</Macro>\nUse R\n", "syntax-error"),
        ("<Macro R>\nUse S\n</Macro>\n<Macro S>\nUse R\n</Macro>\nUse R\n", "syntax-error"),
        ("<Macro R $a>\nSetEnv x $a\n</Macro>\nUse R\n", "syntax-error"),
        ("User x\n<Macro R>\nSetEnv x y\n</Macro>\nUndefMacro R\nUse R\n", "syntax-error"),
        ("<Macro \"\">\n</Macro>\n", "syntax-error"),
        ("<Macro R $a \"\">\n</Macro>\n", "syntax-error"),
        ("<Macro R $a $b $a>\n</Macro>\n", "syntax-error"),
        ("User x\nUndefMacro R\n", "syntax-error"),
        ("Use\n", "syntax-error"),
    ] {
        let mut tree = tree(&[("x.conf", text)]);
        assert_eq!(rules(&tree.load("x.conf")), [rule], "{text}");
    }
}

#[test]
fn circles_and_bombs_end() {
    let circle = [("httpd.conf", "Include a.conf\n"), ("a.conf", "SetEnv A a\nInclude b.conf\n"), ("b.conf", "Include a.conf\n")];
    let mut circle = tree(&circle);
    let loaded = circle.load("httpd.conf");
    assert_eq!(rules(&loaded), ["limit-reached"]);
    assert!(loaded.config.incomplete);

    // A file that guards itself is no circle.
    let mut guarded = tree(&[
        ("httpd.conf", "UnDefine A\nInclude a.conf\n"),
        ("a.conf", "<IfDefine !A>\nDefine A\nSetEnv A a\nInclude a.conf\n</IfDefine>\n"),
    ]);
    let loaded = guarded.load("httpd.conf");
    assert_eq!(rules(&loaded), [""; 0]);

    let mut bomb = String::from("<Macro M0>\nSetEnv A a\n</Macro>\n");
    for i in 1..100 {
        let inner = i - 1;
        let _ = write!(bomb, "<Macro M{i}>\nUse M{inner}\nUse M{inner}\n</Macro>\n");
    }
    bomb += "Use M99\n";
    let mut bomb = tree(&[("x.conf", &bomb)]);
    let loaded = bomb.load("x.conf");
    assert_eq!(rules(&loaded), ["limit-reached"]);

    // 2^100 bytes by doubling a variable, and the argument of a macro.
    let mut text = String::from("Define V0 x\n");
    for i in 1..100 {
        let inner = i - 1;
        let _ = writeln!(text, "Define V{i} ${{V{inner}}}${{V{inner}}}");
    }
    text += "SetEnv X ${V99}\n";
    let mut doubled = tree(&[("x.conf", &text)]);
    let loaded = doubled.load("x.conf");
    assert!(rules(&loaded).contains(&"limit-reached"));
    assert!(loaded.config.all(&doubled.sources, Name::SetEnv).next().unwrap().is_unknown());

    let mut text = String::new();
    for i in 0..300 {
        let inner = i + 1;
        let _ = write!(text, "<Macro N{i} $a>\nUse N{inner} $a$a\n</Macro>\n");
    }
    text += "Use N0 xx\n";
    let mut nested = tree(&[("x.conf", &text)]);
    assert!(rules(&nested.load("x.conf")).contains(&"limit-reached"));
}

#[test]
fn syntax_errors_count_where_they_are_read() {
    let text = "User x\nLoadModule authz_core_module a\n<IfModule mod_gone.c>\n<Directory>\n</IfModule>\n</Directory>\n";
    let mut tree = tree(&[("x.conf", text)]);
    let all = tree.load("x.conf");
    let lines: Vec<_> = all.findings.iter().map(|f| tree.sources.positions(f.primary).0.line).collect();
    assert!(rules(&all).iter().all(|rule| *rule == "syntax-error") && !lines.is_empty(), "{:?}", all.findings);
}

#[test]
fn htaccess_files_below_a_document_root_are_taken_in() {
    let mut tree = tree(&[
        (
            "etc/apache2/sites-available/a.conf",
            "<VirtualHost *:80>\nDocumentRoot /var/www/site/public\nAlias /blog /srv/blog/\nAccessFileName .ht .htaccess\n</VirtualHost>\n",
        ),
        ("var/www/site/.ht", "SetEnv F above"),
        ("var/www/site/public/.htaccess", "SetEnv F root"),
        ("var/www/site/public/wp-admin/.ht", "SetEnv F first"),
        ("var/www/site/public/wp-admin/.htaccess", "SetEnv F second"),
        ("var/www/site/public/wp-admin/x/index.php", ""),
        ("srv/blog/deep/er/.htaccess", "SetEnv F ${V}\nInclude gone.conf\n"),
        ("srv/other/.htaccess", "SetEnv F other"),
    ]);
    let loaded = tree.load("etc/apache2/sites-available/a.conf");
    assert_eq!(rules(&loaded), [""; 0]);
    let found: Vec<_> =
        loaded.config.htaccess.iter().map(|h| (h.folder.as_str(), tree.sources.file(h.file).path.as_str())).collect();
    let want = [
        ("/srv/blog/deep/er", "srv/blog/deep/er/.htaccess"),
        ("/var/www/site", "var/www/site/.ht"),
        ("/var/www/site/public", "var/www/site/public/.htaccess"),
        ("/var/www/site/public/wp-admin", "var/www/site/public/wp-admin/.ht"),
    ];
    assert_eq!(found, want);
    let config = &loaded.config;
    assert_eq!(config.top(&tree.sources).count(), 1);
    let last = config.htaccess.last().unwrap();
    let top: Vec<_> = config.top_of(&tree.sources, last).collect();
    assert_eq!(top.len(), 1);
    assert_eq!(top[0].raw_args(), "F first");
    assert_eq!(top[0].htaccess().map(|h| h.folder.as_str()), Some("/var/www/site/public/wp-admin"));
    assert!(config.top(&tree.sources).next().unwrap().htaccess().is_none());
}

#[test]
fn htaccess_files_use_macros_and_variables_of_the_server() {
    let mut tree = tree(&[
        ("httpd.conf", "User x\n<Macro M $a>\nSetEnv M $a\n</Macro>\nDefine V early\nDefine V late\nDocumentRoot web\n"),
        (
            "web/.htaccess",
            "Use M ${V}\n<Macro N>\nSetEnv N n\n</Macro>\nUse N\nDefine V own\n<IfDefine V>\nSetEnv D ${V}\n</IfDefine>\n",
        ),
        ("web/in/.htaccess", "Use N\n"),
    ]);
    let loaded = tree.load("httpd.conf");
    let lines: Vec<_> = tree.shown(&loaded.config).into_iter().filter(|l| l.contains("SetEnv")).collect();
    assert_eq!(lines, ["SetEnv M late", "SetEnv N n", "SetEnv D late"]);
}

#[test]
fn a_relative_document_root_starts_at_the_server_root_or_the_main_file() {
    let site = [("site/.htaccess", "SetEnv A a"), ("app/httpd.conf", "DocumentRoot ../site\n")];
    let mut plain = tree(&site);
    let loaded = plain.load("app/httpd.conf");
    assert_eq!(loaded.config.htaccess.len(), 1);
    let mut rooted =
        tree(&[("conf/httpd.conf", "ServerRoot /opt/www\nDocumentRoot \"htdocs\"\n"), ("htdocs/.htaccess", "SetEnv A a")]);
    let loaded = rooted.load("conf/httpd.conf");
    let folders: Vec<_> = loaded.config.htaccess.iter().map(|h| h.folder.as_str()).collect();
    assert_eq!(folders, ["/opt/www/htdocs"]);
}

#[test]
fn the_topmost_htaccess_is_the_document_root() {
    let mut files = tree(&[
        ("web/.htaccess", "RewriteEngine On"),
        ("web/wp-admin/.htaccess", "AuthType Basic"),
        ("web/.git/.htaccess", "X"),
        ("other/.htaccess", "X"),
    ]);
    let loaded = files.load_htaccess("web/.htaccess");
    let folders: Vec<_> = loaded.config.htaccess.iter().map(|h| h.folder.as_str()).collect();
    assert_eq!(folders, ["/document-root", "/document-root/wp-admin"]);
    assert_eq!(loaded.config.server_end, 0);
    assert!(loaded.config.partial);
    assert_eq!(files.sources.file(loaded.config.main).path, "web/.htaccess");

    // The folder of a product's back end is not the root of a site.
    let mut inner = tree(&[("web/wp-admin/.htaccess", "AuthType Basic"), ("web/wp-content/.htaccess", "X")]);
    let loaded = inner.load_htaccess("web/wp-admin/.htaccess");
    let folders: Vec<_> = loaded.config.htaccess.iter().map(|h| h.folder.as_str()).collect();
    assert_eq!(folders, ["/document-root/wp-admin", "/document-root/wp-content"]);

    let mut copy = tree(&[("wordpress.htaccess", "RewriteEngine On"), ("x/.htaccess", "X")]);
    assert_eq!(copy.load_htaccess("wordpress.htaccess").config.htaccess.len(), 1);
}
