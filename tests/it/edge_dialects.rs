//! What the dialects make of requests: objects that are joined, policies, maps of URLs, web ACLs.

use serde_json::Value;

use crate::folder::Folder;

/// What happens to one request with a bearer token.
fn traced(text: &str, method: &str, url: &str) -> Value {
    let folder = Folder::with(&[("x.yaml", text)]);
    let arguments = ["trace", "-f", "json", "--method", method, "--header", "Authorization: Bearer x", url, "x.yaml"];
    let ran = folder.run(&arguments);
    let trace: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|e| panic!("{e}: {}{}", ran.stdout, ran.stderr));
    trace["layers"][0].clone()
}

/// Kind, line of what serves, and what becomes of Authorization.
fn fate(layer: &Value) -> (&str, u64, &str) {
    let line = layer["served_by"]["line"].as_u64().unwrap();
    (layer["kind"].as_str().unwrap(), line, layer["upstream"]["authorization"].as_str().unwrap_or("not asked"))
}

/// Rule, line and severity of what is reported.
fn reported(text: &str, select: &str) -> Vec<(String, u64, String)> {
    let folder = Folder::with(&[("x.yaml", text)]);
    let ran = folder.run(&["check", "-f", "json", "--allow-empty", "--select", select, "x.yaml"]);
    let report: Value = serde_json::from_str(&ran.stdout).unwrap_or_else(|e| panic!("{e}: {}", ran.stderr));
    let text = |d: &Value, key: &str| d[key].as_str().unwrap().to_owned();
    let of = |d: &Value| (text(d, "rule"), d["start"]["line"].as_u64().unwrap(), text(d, "severity"));
    report["diagnostics"].as_array().unwrap().iter().map(of).collect()
}

#[test]
fn values_of_a_chart_are_the_ingress_that_they_make() {
    let values = "replicaCount: 2
ingress:
  enabled: true
  className: nginx
  annotations:
    nginx.ingress.kubernetes.io/auth-type: basic
    nginx.ingress.kubernetes.io/auth-secret: users
  hosts:
    - host: api.example.com
      paths:
        - path: /api
          pathType: Prefix
        - path: /.well-known/acme-challenge/
          pathType: Prefix
  tls: []
";
    let layer = traced(values, "GET", "http://api.example.com/api/x");
    assert_eq!(fate(&layer), ("ingress-nginx", 11, "dropped"), "{layer}");
    assert_eq!(layer["gates"][0]["kind"], "basic", "{layer}");
    // The template leaves the locations of `no-auth-locations` alone.
    let open = traced(values, "GET", "http://api.example.com/.well-known/acme-challenge/x");
    assert_eq!((fate(&open), open["gates"].as_array().unwrap().len()), (("ingress-nginx", 13, "kept"), 0), "{open}");
    assert_eq!(reported(values, "dropped-authorization"), [("dropped-authorization".to_owned(), 6, "warning".to_owned())]);
    let off = values.replace("enabled: true", "enabled: false");
    assert_eq!(reported(&off, "dropped-authorization"), []);
}

#[test]
fn values_of_other_charts() {
    let nested = "web:
  ingress:
    annotations: {nginx.ingress.kubernetes.io/auth-type: basic}
    hostname: app.example.com
    path: /app
";
    let layer = traced(nested, "GET", "http://app.example.com/app");
    assert_eq!(fate(&layer), ("ingress-nginx", 4, "dropped"), "{layer}");
    let texts = "ingress:\n  annotations: {nginx.ingress.kubernetes.io/auth-type: basic}\n  hosts: [a.example, b.example]\n";
    let layer = traced(texts, "GET", "http://b.example/x");
    assert_eq!(fate(&layer), ("ingress-nginx", 3, "dropped"), "{layer}");
}

const CONTROLLER: &str = "apiVersion: v1
kind: ConfigMap
metadata: {name: ingress-nginx-controller}
data:
  use-forwarded-headers: \"true\"
  global-auth-url: http://auth.example/verify
  no-auth-locations: /.well-known/acme-challenge,/login
";

#[test]
fn the_settings_of_ingress_nginx_hold_for_every_ingress() {
    let broad = ("broad-trusted-proxy".to_owned(), 5, "error".to_owned());
    let found = reported(CONTROLLER, "broad-trusted-proxy");
    assert_eq!(found.len(), 1, "{found:?}");
    assert_eq!((&found[0].0, found[0].1), (&broad.0, broad.1));
    let narrow = CONTROLLER.replace("data:\n", "data:\n  proxy-real-ip-cidr: 10.0.0.0/8\n");
    assert_eq!(reported(&narrow, "broad-trusted-proxy"), []);
    let everyone = CONTROLLER.replace("data:\n", "data:\n  proxy-real-ip-cidr: 10.0.0.0/8,0.0.0.0/0\n");
    assert_eq!(reported(&everyone, "broad-trusted-proxy")[0].1, 5, "the key that names the networks");
    let off = CONTROLLER.replace("\"true\"", "\"false\"");
    assert_eq!(reported(&off, "broad-trusted-proxy"), []);
    let ingress = "---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: shop
  annotations: {nginx.ingress.kubernetes.io/proxy-body-size: 1m}
spec:
  rules:
    - host: shop.example
      http:
        paths:
          - {path: /, pathType: Prefix, backend: {service: {name: web}}}
          - {path: /login, pathType: Prefix, backend: {service: {name: web}}}
";
    let both = format!("{CONTROLLER}{ingress}");
    let gates = |layer: &Value| layer["gates"].as_array().unwrap().iter().map(|g| g["kind"].to_string()).collect::<Vec<_>>();
    assert_eq!(gates(&traced(&both, "GET", "http://shop.example/x")), ["\"subrequest\""]);
    assert_eq!(gates(&traced(&both, "GET", "http://shop.example/login")), [""; 0]);
    let out = both.replace(
        "{nginx.ingress.kubernetes.io/proxy-body-size: 1m}",
        "{nginx.ingress.kubernetes.io/enable-global-auth: \"false\"}",
    );
    assert_eq!(gates(&traced(&out, "GET", "http://shop.example/x")), [""; 0]);
}

const KONG: &str = "apiVersion: configuration.konghq.com/v1
kind: KongPlugin
metadata: {name: no-token}
plugin: request-transformer
config:
  remove:
    headers: [Authorization]
---
apiVersion: configuration.konghq.com/v1
kind: KongClusterPlugin
metadata: {name: users}
plugin: basic-auth
config: {hide_credentials: true}
---
apiVersion: v1
kind: Service
metadata:
  name: behind
  annotations: {konghq.com/plugins: users}
spec: {}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: api
  annotations: {konghq.com/plugins: no-token}
spec:
  ingressClassName: kong
  rules:
    - host: api.example.com
      http:
        paths:
          - {path: /api, pathType: Prefix, backend: {service: {name: web}}}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: more
  annotations: {konghq.com/methods: GET}
spec:
  rules:
    - host: api.example.com
      http:
        paths:
          - {path: /users, pathType: Prefix, backend: {service: {name: behind}}}
          - {path: \"/~/v[0-9]+/items\", pathType: ImplementationSpecific, backend: {service: {name: web}}}
---
apiVersion: gateway.networking.k8s.io/v1
kind: HTTPRoute
metadata:
  name: route
  annotations: {konghq.com/plugins: \"no-token, elsewhere\"}
spec:
  hostnames: [route.example.com]
  rules:
    - matches: [{path: {type: PathPrefix, value: /r}}]
      backendRefs: [{name: web, port: 80}]
";

#[test]
fn plugins_of_kong_are_bound_by_annotations() {
    let layer = |url: &str| traced(KONG, "GET", url);
    let api = layer("http://api.example.com/api/x");
    assert_eq!((fate(&api), api["gates"].as_array().unwrap().len()), (("kong", 33, "dropped"), 0), "{api}");
    let users = layer("http://api.example.com/users/x");
    assert_eq!(users["gates"][0]["kind"], "basic", "{users}");
    assert_eq!(users["served_by"]["line"], 45, "{users}");
    let items = layer("http://api.example.com/v2/items");
    assert_eq!(fate(&items), ("kong", 46, "kept"), "{items}");
    let route = layer("http://route.example.com/r");
    assert_eq!(fate(&route), ("kong", 56, "dropped"), "what is elsewhere cannot bring it back: {route}");
    assert_eq!(reported(KONG, "dropped-authorization")[0].1, 6, "the key that removes it");
    let disabled = KONG.replace("plugin: request-transformer\n", "plugin: request-transformer\ndisabled: true\n");
    assert_eq!(traced(&disabled, "GET", "http://api.example.com/api/x")["upstream"]["authorization"], "kept");
}

#[test]
fn an_ingress_of_the_class_kong_needs_no_annotation() {
    let text = "apiVersion: networking.k8s.io/v1
kind: Ingress
metadata: {name: api}
spec:
  ingressClassName: kong
  rules:
    - host: api.example.com
      http:
        paths:
          - {path: /, pathType: Prefix, backend: {service: {name: web}}}
";
    assert_eq!(fate(&traced(text, "GET", "http://api.example.com/x")), ("kong", 10, "kept"));
}

#[test]
fn a_plugin_of_the_whole_cluster_holds_everywhere() {
    let text = "apiVersion: configuration.konghq.com/v1
kind: KongClusterPlugin
metadata:
  name: everywhere
  labels: {global: \"true\"}
plugin: proxy-cache
config: {strategy: memory, response_code: [200, 401], content_type: [text/html]}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: api
  annotations: {konghq.com/strip-path: \"true\"}
spec:
  rules:
    - host: api.example.com
      http:
        paths:
          - {path: /, pathType: Prefix, backend: {service: {name: web}}}
";
    let layer = traced(text, "GET", "http://api.example.com/x");
    assert_eq!((&layer["cache"]["stores"], &layer["cache"]["stores_401"]), (&Value::from("yes"), &Value::from("yes")), "{layer}");
    assert_eq!(reported(text, "cached-unauthorized")[0].1, 7);
}

const ISTIO: &str = "apiVersion: security.istio.io/v1
kind: RequestAuthentication
metadata: {name: tokens, namespace: shop}
spec:
  jwtRules:
    - issuer: https://issuer.example
      jwksUri: https://issuer.example/keys
---
apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: api, namespace: shop}
spec:
  action: DENY
  rules:
    - from: [{source: {notRequestPrincipals: [\"*\"]}}]
      to: [{operation: {paths: [/api/*]}}]
    - to: [{operation: {paths: [/internal/*]}}]
---
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: web, namespace: shop}
spec:
  hosts: [shop.example]
  http:
    - name: all
      route: [{destination: {host: web}}]
";

#[test]
fn policies_of_istio_act_on_the_services_of_their_namespace() {
    let layer = |path: &str| traced(ISTIO, "GET", &format!("http://shop.example{path}"));
    let page = layer("/x");
    assert_eq!(
        (fate(&page), page["gates"].as_array().unwrap().len()),
        (("istio", 25, "dropped"), 0),
        "a verified token is taken: {page}"
    );
    let api = layer("/api/x");
    assert_eq!((api["gates"][0]["kind"].as_str(), api["gates"][0]["line"].as_u64()), (Some("condition"), Some(15)), "{api}");
    let closed = layer("/internal/x");
    assert_eq!((closed["status"].as_u64(), closed["served_by"]["line"].as_u64()), (Some(403), Some(17)), "{closed}");
    let found = reported(ISTIO, "dropped-authorization");
    assert_eq!(found, [("dropped-authorization".to_owned(), 6, "info".to_owned())]);
    let kept = ISTIO.replace("      jwksUri", "      forwardOriginalToken: true\n      jwksUri");
    assert_eq!(reported(&kept, "dropped-authorization"), []);
    // Another namespace, or workloads that labels mean: nothing is said about this service.
    for other in [
        ISTIO.replace("{name: tokens, namespace: shop}", "{name: tokens, namespace: other}"),
        ISTIO.replace("spec:\n  jwtRules", "spec:\n  selector: {matchLabels: {app: web}}\n  jwtRules"),
    ] {
        let page = traced(&other, "GET", "http://shop.example/x");
        assert_eq!(page["upstream"]["authorization"], "kept", "{page}");
    }
    // Another password than a token is not touched.
    let folder = Folder::with(&[("x.yaml", ISTIO)]);
    let ran = folder.run(&["trace", "-f", "json", "--header", "Authorization: Basic eDp5", "http://shop.example/x", "x.yaml"]);
    assert!(ran.stdout.contains("\"authorization\": \"kept\""), "{}", ran.stdout);
}

#[test]
fn what_an_allowing_policy_does_not_name_is_refused() {
    let text = "apiVersion: security.istio.io/v1
kind: AuthorizationPolicy
metadata: {name: open}
spec:
  selector: {matchLabels: {app: web}}
  rules:
    - to: [{operation: {methods: [GET], paths: [/public/*]}}]
";
    let layer = |method: &str, path: &str| traced(text, method, &format!("http://x.example{path}"))["status"].clone();
    assert_eq!(layer("GET", "/public/x"), Value::Null);
    assert_eq!(layer("POST", "/public/x"), Value::from(403));
    assert_eq!(layer("GET", "/x"), Value::from(403));
}

const URL_MAP: &str = "kind: compute#urlMap
name: web-map
defaultService: https://www.googleapis.com/compute/v1/projects/p/global/backendServices/app
hostRules:
  - hosts: [shop.example]
    pathMatcher: shop
  - hosts: [api.example]
    pathMatcher: api
pathMatchers:
  - name: shop
    defaultService: https://www.googleapis.com/compute/v1/projects/p/global/backendServices/app
    pathRules:
      - paths: [/static/*]
        service: https://www.googleapis.com/compute/v1/projects/p/global/backendServices/cached
      - paths: [/static/old/*]
        urlRedirect: {hostRedirect: old.example, redirectResponseCode: FOUND}
  - name: api
    defaultService: https://www.googleapis.com/compute/v1/projects/p/global/backendServices/app
    headerAction: {requestHeadersToRemove: [authorization]}
    routeRules:
      - priority: 2
        matchRules: [{prefixMatch: /v1/}]
        service: projects/p/global/backendServices/app
      - priority: 1
        matchRules: [{fullPathMatch: /v1/files}]
        service: projects/p/global/backendBuckets/files
---
kind: compute#backendService
name: cached
enableCDN: true
cdnPolicy: {cacheMode: FORCE_CACHE_ALL, defaultTtl: 600}
---
kind: compute#backendService
name: app
enableCDN: true
cdnPolicy: {cacheMode: USE_ORIGIN_HEADERS}
";

#[test]
fn maps_of_urls_lead_to_backends() {
    let file = traced(URL_MAP, "GET", "https://shop.example/static/x.css");
    assert_eq!((fate(&file).1, &file["cache"]["stores"]), (13, &Value::from("yes")), "{file}");
    let page = traced(URL_MAP, "GET", "https://shop.example/login");
    assert_eq!((fate(&page).1, &page["cache"]["stores"]), (11, &Value::from("origin")), "{page}");
    let old = traced(URL_MAP, "GET", "https://shop.example/static/old/x");
    assert_eq!((old["status"].as_u64(), old["location"].as_str()), (Some(302), Some("https://old.example/")), "{old}");
    let api = traced(URL_MAP, "GET", "https://api.example/v1/x");
    assert_eq!(fate(&api), ("google-cloud", 21, "dropped"), "{api}");
    let files = traced(URL_MAP, "GET", "https://api.example/v1/files");
    assert_eq!((files["handler"].as_str(), fate(&files).1), (Some("static"), 24), "{files}");
    // Only what the map leads there is kept by force, and that is no login.
    assert_eq!(reported(URL_MAP, "cached-login"), []);
    assert_eq!(reported(URL_MAP, "dropped-authorization")[0].1, 19);
    let alone = URL_MAP.split_once("---\n").unwrap().1;
    assert_eq!(reported(alone, "cached-login")[0].1, 4, "without a map every path may lead there");
}

#[test]
fn a_map_of_config_connector_names_backends_by_reference() {
    let text = "apiVersion: compute.cnrm.cloud.google.com/v1beta1
kind: ComputeURLMap
metadata: {name: map}
spec:
  location: global
  defaultService: {backendServiceRef: {name: all}}
---
apiVersion: compute.cnrm.cloud.google.com/v1beta1
kind: ComputeBackendService
metadata: {name: all}
spec:
  enableCdn: true
  cdnPolicy: {cacheMode: FORCE_CACHE_ALL, defaultTtl: 60}
";
    let layer = traced(text, "GET", "https://x.example/login");
    assert_eq!((fate(&layer).1, &layer["cache"]["stores"]), (6, &Value::from("yes")), "{layer}");
    assert_eq!(reported(text, "cached-login")[0].1, 13);
}

#[test]
fn locations_of_upsun_that_hold_files() {
    let text = "applications:
  app:
    type: nodejs:20
    web:
      locations:
        \"/\": {root: public, passthru: true}
        \"/assets\": {root: public/assets, expires: 1d}
        \"/api\": {passthru: true}
routes:
  \"https://{default}/\":
    type: upstream
    upstream: \"app:http\"
    cache: {enabled: true, default_ttl: 600, cookies: []}
";
    let asset = traced(text, "GET", "https://www.example.com/assets/x.js");
    assert_eq!((asset["handler"].as_str(), fate(&asset).1), (Some("static"), 7), "{asset}");
    let api = traced(text, "GET", "https://www.example.com/api/x");
    assert_eq!((api["handler"].as_str(), fate(&api).1), (Some("proxy"), 10), "{api}");
    let php = text.replace("nodejs:20", "php:8.3");
    assert_eq!(traced(&php, "GET", "https://www.example.com/assets/x.js")["handler"], "proxy", "PHP runs scripts anywhere");
}

const WAF: &str = "Resources:
  Acl:
    Type: AWS::WAFv2::WebACL
    Properties:
      DefaultAction: {Allow: {}}
      Scope: CLOUDFRONT
      Rules:
        - Name: NoRest
          Priority: 2
          Action: {Block: {}}
          Statement:
            ByteMatchStatement:
              SearchString: /wp-json/
              FieldToMatch: {UriPath: {}}
              PositionalConstraint: STARTS_WITH
              TextTransformations: [{Priority: 0, Type: LOWERCASE}]
        - Name: Login
          Priority: 3
          Action: {Block: {}}
          Statement:
            RateBasedStatement:
              Limit: 10
              AggregateKeyType: IP
              ScopeDownStatement:
                ByteMatchStatement:
                  SearchString: /wp-login.php
                  FieldToMatch: {UriPath: {}}
                  PositionalConstraint: EXACTLY
                  TextTransformations: [{Priority: 0, Type: NONE}]
        - Name: Common
          Priority: 4
          OverrideAction: {None: {}}
          Statement: {ManagedRuleGroupStatement: {VendorName: AWS, Name: AWSManagedRulesCommonRuleSet}}
  Site:
    Type: AWS::CloudFront::Distribution
    Properties:
      DistributionConfig:
        Enabled: true
        WebACLId: !GetAtt Acl.Arn
        Origins: [{Id: app, DomainName: app.example.com, CustomOriginConfig: {OriginProtocolPolicy: https-only}}]
        DefaultCacheBehavior:
          TargetOriginId: app
          ViewerProtocolPolicy: redirect-to-https
          AllowedMethods: [GET, HEAD, OPTIONS, PUT, PATCH, POST, DELETE]
          CachePolicyId: 4135ea2d-6df8-44a3-9df3-4b5a84be39ad
          OriginRequestPolicyId: 216adef6-5c7f-47e4-b989-5492eafa07d3
";

#[test]
fn web_acls_block_and_limit_before_any_behaviour() {
    let blocked = traced(WAF, "GET", "https://www.example.com/wp-json/wp/v2/posts");
    assert_eq!((blocked["status"].as_u64(), fate(&blocked).1), (Some(403), 8), "{blocked}");
    let page = traced(WAF, "GET", "https://www.example.com/x");
    assert_eq!(fate(&page), ("cloudformation", 41, "kept"), "{page}");
    assert_eq!(reported(WAF, "blocked-login-endpoint")[0].1, 8);
    assert_eq!(reported(WAF, "throttled-login")[0].1, 22);
    // What is let through before is not blocked.
    let allowed = WAF.replace(
        "        - Name: NoRest\n",
        "        - Name: Rest
          Priority: 1
          Action: {Allow: {}}
          Statement:
            ByteMatchStatement:
              SearchString: /wp-json/
              FieldToMatch: {UriPath: {}}
              PositionalConstraint: STARTS_WITH
              TextTransformations: [{Priority: 0, Type: NONE}]
        - Name: NoRest\n",
    );
    assert_eq!(reported(&allowed, "blocked-login-endpoint"), []);
    for harmless in [
        // It only counts, or is not that of this distribution.
        WAF.replace("Action: {Block: {}}", "Action: {Count: {}}"),
        WAF.replace("!GetAtt Acl.Arn", "!Ref AclArn"),
    ] {
        assert_eq!(reported(&harmless, "blocked-login-endpoint,throttled-login"), []);
    }
    // What no rule lets through is refused by default.
    let closed = WAF.replace("DefaultAction: {Allow: {}}", "DefaultAction: {Block: {CustomResponse: {ResponseCode: 404}}}");
    let page = traced(&closed, "GET", "https://www.example.com/x");
    assert_eq!((page["status"].as_u64(), fate(&page).1), (Some(404), 5), "{page}");
    // A limit on everything is against floods.
    let flood = WAF
        .replace("                  SearchString: /wp-login.php\n", "                  SearchString: /\n")
        .replace("EXACTLY", "STARTS_WITH");
    assert_eq!(reported(&flood, "throttled-login"), []);
}

#[test]
fn a_response_headers_policy_of_the_template_takes_fields_away() {
    let text = "Resources:
  Policy:
    Type: AWS::CloudFront::ResponseHeadersPolicy
    Properties:
      ResponseHeadersPolicyConfig:
        Name: x
        RemoveHeadersConfig: {Items: [{Header: WWW-Authenticate}]}
  Site:
    Type: AWS::CloudFront::Distribution
    Properties:
      DistributionConfig:
        Origins: [{Id: app, DomainName: api.example.com, CustomOriginConfig: {OriginProtocolPolicy: https-only}}]
        DefaultCacheBehavior:
          TargetOriginId: app
          ViewerProtocolPolicy: redirect-to-https
          AllowedMethods: [GET, HEAD, OPTIONS, PUT, PATCH, POST, DELETE]
          CachePolicyId: 4135ea2d-6df8-44a3-9df3-4b5a84be39ad
          OriginRequestPolicyId: 216adef6-5c7f-47e4-b989-5492eafa07d3
          ResponseHeadersPolicyId: !Ref Policy
";
    assert_eq!(reported(text, "swallowed-challenge")[0].1, 7);
    assert_eq!(reported(&text.replace("!Ref Policy", "!Ref Other"), "swallowed-challenge"), []);
}

#[test]
fn an_interface_of_api_gateway_needs_its_own_host() {
    let template = |domain: &str, policy: &str, more: &str| {
        format!(
            "Resources:
  Api: {{Type: AWS::ApiGatewayV2::Api, Properties: {{Name: x, ProtocolType: HTTP}}}}
  Site:
    Type: AWS::CloudFront::Distribution
    Properties:
      DistributionConfig:
        Origins: [{{Id: api, DomainName: {domain}, {more}}}]
        DefaultCacheBehavior:
          TargetOriginId: api
          ViewerProtocolPolicy: https-only
          CachePolicyId: 4135ea2d-6df8-44a3-9df3-4b5a84be39ad
          OriginRequestPolicyId: {policy}
"
        )
    };
    let custom = "CustomOriginConfig: {OriginProtocolPolicy: https-only}";
    let (all, but_host) = ("216adef6-5c7f-47e4-b989-5492eafa07d3", "b689b0a8-53d0-40ab-baf2-68738e2966ac");
    let domain = "!Sub \"${Api}.execute-api.${AWS::Region}.amazonaws.com\"";
    let status = |text: &str| {
        let layer = traced(text, "GET", "https://www.example.com/v1/items");
        (layer["status"].clone(), layer["unknown"][0]["line"].as_u64())
    };
    assert_eq!(status(&template(domain, all, custom)), (Value::from("unknown"), Some(11)));
    assert_eq!(status(&template(domain, but_host, custom)), (Value::Null, None));
    assert_eq!(status(&template("app.example.com", all, custom)), (Value::Null, None));
    // The address of a function with an access control is no bucket.
    let function = template("x.lambda-url.eu-west-1.on.aws", but_host, "OriginAccessControlId: !Ref Control");
    assert_eq!(traced(&function, "GET", "https://www.example.com/x")["handler"], "proxy");
    let bucket = template("x.s3.eu-west-1.amazonaws.com", but_host, "OriginAccessControlId: !Ref Control");
    assert_eq!(traced(&bucket, "GET", "https://www.example.com/x")["handler"], "static");
}

#[test]
fn ingresses_of_the_controller_of_nginx() {
    let text = "apiVersion: k8s.nginx.org/v1
kind: Policy
metadata: {name: tokens}
spec: {jwt: {realm: api, secret: keys}}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: api
  annotations:
    nginx.org/basic-auth-secret: users
    nginx.org/basic-auth-realm: Staff
    nginx.org/proxy-set-headers: \"X-Team: a, Authorization: Bearer fixed\"
    nginx.org/proxy-hide-headers: WWW-Authenticate
    nginx.org/limit-req-rate: 2r/m
spec:
  rules:
    - host: api.example.com
      http:
        paths:
          - {path: /api, pathType: Prefix, backend: {service: {name: api}}}
---
apiVersion: networking.k8s.io/v1
kind: Ingress
metadata:
  name: more
  annotations:
    nginx.org/policies: tokens
    nginx.org/location-snippets: |
      proxy_set_header Authorization \"\";
spec:
  tls: [{hosts: [api.example.com]}]
  rules:
    - host: api.example.com
      http:
        paths:
          - {path: /more, pathType: Exact, backend: {service: {name: api}}}
";
    let api = traced(text, "GET", "http://api.example.com/api/x");
    assert_eq!((api["gates"][0]["kind"].as_str(), api["gates"][0]["realm"].as_str()), (Some("basic"), Some("Staff")), "{api}");
    assert_eq!(fate(&api), ("nginx-ingress", 21, "replaced:Bearer ***"), "{api}");
    let more = traced(text, "GET", "https://api.example.com/more");
    assert_eq!((more["gates"][0]["kind"].as_str(), fate(&more)), (Some("jwt"), ("nginx-ingress", 37, "unknown")), "{more}");
    let plain = traced(text, "GET", "http://api.example.com/more");
    assert_eq!(
        (plain["status"].as_u64(), plain["location"].as_str()),
        (Some(301), Some("https://api.example.com/more")),
        "{plain}"
    );
    assert_eq!(traced(text, "GET", "https://api.example.com/more/x")["status"].as_u64(), Some(404));
    let folder = Folder::with(&[("x.yaml", text)]);
    assert!(folder.run(&["files"]).stdout.contains("edge (nginx-ingress, nginx)"));
}

#[test]
fn snippets_of_a_virtual_server_and_of_the_values_of_a_chart_are_read() {
    let server = "apiVersion: k8s.nginx.org/v1
kind: VirtualServer
metadata: {name: app}
spec:
  host: app.example.com
  server-snippets: |
    location /x/ {
      proxy_pass
    }
  upstreams: [{name: app, service: app, port: 80}]
  routes:
    - path: /
      location-snippets: |
        auth_basic \"x;
      action: {pass: app}
";
    let lines: Vec<u64> = reported(server, "syntax-error").into_iter().map(|(_, line, _)| line).collect();
    assert!(lines.contains(&8) && lines.contains(&14), "{lines:?}");
    let values = "ingress:
  annotations:
    nginx.ingress.kubernetes.io/configuration-snippet: |
      auth_basic \"x;
  hosts: [a.example]
";
    assert_eq!(reported(values, "syntax-error")[0].1, 4);
}
