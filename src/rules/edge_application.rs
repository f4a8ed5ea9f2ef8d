//! What the rules on caches of CDNs share: whether an application is behind, as far as the file shows. Whoever keeps everything in
//! front of files does what is to be done there.

use super::Cx;
use super::caches;
use super::support::{has_api_name, names_login};
use crate::discover::edge::Dialect;
use crate::model::from::edge::EdgeSite;

/// What a file shows of what is behind.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Shown {
    /// An application that knows its visitors.
    Application,
    /// Files that are the same for everybody.
    Files,
    /// Neither.
    Nothing,
}

/// Parts of names by which applications go that know their visitors.
const APPLICATIONS: &[&str] = &[
    "account",
    "accounts",
    "admin",
    "auth",
    "backoffice",
    "checkout",
    "cms",
    "crm",
    "dashboard",
    "django",
    "drupal",
    "erp",
    "forum",
    "gitea",
    "gitlab",
    "grafana",
    "intranet",
    "jenkins",
    "joomla",
    "keycloak",
    "laravel",
    "login",
    "magento",
    "mediawiki",
    "members",
    "moodle",
    "nextcloud",
    "odoo",
    "php",
    "portal",
    "prestashop",
    "rails",
    "shop",
    "shopware",
    "sso",
    "symfony",
    "typo3",
    "webmail",
    "wiki",
    "woocommerce",
    "wordpress",
    "wp",
];

/// Parts of names by which files go, besides those of folders of files.
const FILES: &[&str] = &["bucket", "docs", "gatsby", "gcs", "hugo", "jekyll", "landing", "s3", "spa", "storage", "storybook"];

/// What a site shows.
pub(super) fn shown(site: &EdgeSite, cx: &Cx) -> Shown {
    let names = site.names();
    let is_of =
        |list: &[&str]| names.iter().any(|name| parts(name).any(|part| list.iter().any(|word| part.eq_ignore_ascii_case(word))));
    let is_file = |path: &&str| caches::looks_static(path) || is_page(path);
    let (files, pages): (Vec<&str>, Vec<&str>) = site.named_paths().into_iter().partition(is_file);
    let asked = pages.iter().any(|path| has_api_name(path) || names_login(path) || path.contains("admin"));
    // Who writes a file for this tool alone says there what is files.
    let neutral = site.dialect() == Dialect::Neutral;
    if asked || neutral || site.lets_write() || site.speaks_of_credentials() || !cx.settings.login_paths.is_empty() {
        return Shown::Application;
    }
    let of_files = |name: &&str| parts(name).any(caches::is_folder_of_files);
    if is_of(FILES) || names.iter().any(of_files) || files.iter().any(|path| is_page(path)) {
        return Shown::Files;
    }
    let application = is_of(APPLICATIONS) || names.iter().any(|name| has_api_name(name));
    if application { Shown::Application } else { Shown::Nothing }
}

/// Whether a path is that of a page that lies there as a file.
fn is_page(path: &str) -> bool {
    path.rsplit_once('.').is_some_and(|(_, ending)| ending.eq_ignore_ascii_case("html"))
}

fn parts(name: &str) -> impl Iterator<Item = &str> {
    name.split(|c: char| !c.is_ascii_alphanumeric()).filter(|part| !part.is_empty())
}
