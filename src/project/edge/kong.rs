//! Credentials of consumers in declarative files of Kong: below `consumers`, or in lists of their own that name the consumer
//! ("Consumers" and the references of the plugins Basic Authentication, Key Authentication, JWT, HMAC Authentication and OAuth 2.0).

use crate::syntax::yaml::{Entry, Yaml};

/// Lists of credentials, with the key of each that is secret.
const LISTS: &[(&str, &str)] = &[
    ("basicauth_credentials", "password"),
    ("keyauth_credentials", "key"),
    ("jwt_secrets", "secret"),
    ("hmacauth_credentials", "secret"),
    ("oauth2_credentials", "client_secret"),
];

/// A credential of a consumer.
pub struct Credential<'a> {
    /// The key with the secret.
    pub entry: Entry<'a>,
    /// The list that it stands in.
    pub list: &'static str,
    /// The mapping that it is a key of.
    pub node: Yaml<'a>,
    /// Whose it is, if the file says so.
    pub consumer: Option<&'a str>,
}

/// The credentials of a declarative file, in the order of the lists.
pub fn credentials(document: Yaml<'_>) -> Vec<Credential<'_>> {
    let mut found = of_holder(document, None);
    for consumer in document.get("consumers").into_iter().flat_map(Yaml::items) {
        let name = consumer.get("username").or_else(|| consumer.get("custom_id")).and_then(Yaml::as_str);
        found.extend(of_holder(consumer, name));
    }
    found
}

fn of_holder<'a>(holder: Yaml<'a>, name: Option<&'a str>) -> Vec<Credential<'a>> {
    let lists = LISTS.iter().filter_map(|(list, key)| Some((*list, *key, holder.get(list)?)));
    let each = lists.flat_map(|(list, key, nodes)| nodes.items().map(move |node| (list, key, node)));
    let credential = |(list, key, node): (&'static str, &str, Yaml<'a>)| {
        let consumer = name.or_else(|| node.get("consumer")?.as_str());
        Some(Credential { entry: node.entry(key)?, list, node, consumer })
    };
    each.filter_map(credential).collect()
}
