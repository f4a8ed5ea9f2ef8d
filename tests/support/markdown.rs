//! The fenced blocks of a page and the examples that they make up (grammar: `rules/README.md`).

/// One fenced block.
#[derive(Clone, Debug)]
pub struct Block {
    /// Line of its first line of text, from 1.
    pub line: usize,
    /// The `## ` heading it stands under.
    pub section: String,
    /// Words of its info string.
    pub info: Vec<String>,
    /// Its text, with a line break at the end.
    pub text: String,
}

impl Block {
    /// The language.
    pub fn language(&self) -> &str {
        self.info.first().map_or("", String::as_str)
    }

    /// The role (`bad`, `good`, `fixed`, `witness`, `settings` …).
    pub fn role(&self) -> &str {
        self.info.get(1).map_or("", String::as_str)
    }

    /// The value of `KEY=…`.
    pub fn key(&self, key: &str) -> Option<&str> {
        self.info.iter().skip(2).find_map(|w| w.strip_prefix(key)?.strip_prefix('='))
    }

    /// Whether a flag is there.
    pub fn flag(&self, flag: &str) -> bool {
        self.info.iter().skip(2).any(|w| w == flag)
    }
}

/// A page cut into what the tests look at.
#[derive(Clone, Debug, Default)]
pub struct Sections {
    /// Its `## ` headings in order.
    pub headings: Vec<String>,
    /// Its fenced blocks in order.
    pub blocks: Vec<Block>,
}

/// Cuts a page; `first_line` is the line number of its first line.
pub fn cut(body: &str, first_line: usize) -> Result<Sections, String> {
    let mut out = Sections::default();
    let mut open: Option<(String, Block)> = None;
    for (number, line) in body.lines().enumerate().map(|(i, l)| (i + first_line, l)) {
        match &mut open {
            Some((fence, _)) if line.trim_end() == *fence => {
                out.blocks.extend(open.take().map(|(_, b)| b));
            }
            Some((_, block)) => {
                block.text.push_str(line);
                block.text.push('\n');
            }
            None if line.starts_with("```") => {
                let info = line.trim_start_matches('`');
                let fence = line[..line.len() - info.len()].to_owned();
                let info = info.split_whitespace().map(str::to_owned).collect();
                let section = out.headings.last().cloned().unwrap_or_default();
                open = Some((fence, Block { line: number + 1, section, info, text: String::new() }));
            }
            None => out.headings.extend(line.strip_prefix("## ").map(|h| h.trim().to_owned())),
        }
    }
    match open {
        Some((_, block)) => Err(format!("line {}: the block is not closed", block.line)),
        None => Ok(out),
    }
}

/// A small project, what is expected of it, and what the real server does with it.
#[derive(Clone, Debug)]
pub struct Example {
    /// `bad`, `good` or whatever the page calls it.
    pub role: String,
    /// The language of its first block.
    pub language: String,
    /// Words after the role of its first block.
    pub words: Vec<String>,
    /// Line of its first block.
    pub line: usize,
    /// Path and block of each file; the main file first.
    pub files: Vec<(String, Block)>,
    /// Its settings block.
    pub settings: Option<Block>,
    /// Its witness block.
    pub witness: Option<Block>,
    /// What each file is after the fix.
    pub fixed: Vec<(String, Block)>,
}

impl Example {
    /// The name of its main file.
    pub fn main(&self) -> &str {
        self.files.first().map_or("", |f| f.0.as_str())
    }
}

fn default_name(language: &str) -> &str {
    match language {
        "apache" => "httpd.conf",
        "htaccess" => ".htaccess",
        "yaml" => "edge.yaml",
        _ => "nginx.conf",
    }
}

/// Joins blocks to examples. `roles` are the roles that make an example.
pub fn examples(blocks: &[Block], roles: &[&str]) -> Result<Vec<Example>, String> {
    let mut out: Vec<Example> = Vec::new();
    let mut settings = None;
    for block in blocks.iter().filter(|b| !b.role().is_empty()) {
        let fail = |what: &str| Err(format!("line {}: {what}", block.line));
        let file = block.key("file");
        match block.role() {
            "settings" => settings = Some(block.clone()),
            "witness" => match out.last_mut() {
                Some(example) if example.witness.is_none() => example.witness = Some(block.clone()),
                Some(_) => return fail("the example before has a witness already"),
                None => return fail("a witness needs an example before it"),
            },
            "fixed" => match out.last_mut() {
                Some(example) if example.role == "bad" => {
                    let path = file.unwrap_or(example.main()).to_owned();
                    example.fixed.push((path, block.clone()));
                }
                _ => return fail("a fixed block stands after the bad example it belongs to"),
            },
            role if roles.contains(&role) => match (file, out.last_mut()) {
                (Some(path), Some(example)) if example.role == role => example.files.push((path.to_owned(), block.clone())),
                (Some(_), _) => return fail("`file=` joins the example before, which must have the same role"),
                (None, _) => {
                    let name = block.key("main").unwrap_or_else(|| default_name(block.language()));
                    out.push(Example {
                        role: role.to_owned(),
                        language: block.language().to_owned(),
                        words: block.info.iter().skip(2).cloned().collect(),
                        line: block.line,
                        files: vec![(name.to_owned(), block.clone())],
                        settings: settings.take(),
                        witness: None,
                        fixed: Vec::new(),
                    });
                }
            },
            role => return fail(&format!("no such role: {role}")),
        }
    }
    match settings {
        Some(block) => Err(format!("line {}: a settings block needs an example after it", block.line)),
        None => Ok(out),
    }
}

/// A marked line: file, line from 1, severity, rule.
pub type Mark = (String, usize, String, String);

/// The marks of one file.
pub fn marks(path: &str, text: &str) -> Vec<Mark> {
    let mut out = Vec::new();
    let mut waiting: Vec<(String, String)> = Vec::new();
    for (number, line) in text.lines().enumerate().map(|(i, l)| (i + 1, l)) {
        let (before, found) = split_mark(line);
        if !found.is_empty() && before.trim().is_empty() {
            waiting.extend(found);
            continue;
        }
        for (severity, rule) in waiting.drain(..).chain(found) {
            out.push((path.to_owned(), number, severity, rule));
        }
    }
    out
}

/// A text without its marks; lines that were nothing else are gone.
pub fn unmarked(text: &str) -> String {
    let mut out = String::new();
    for line in text.lines() {
        let (before, found) = split_mark(line);
        if found.is_empty() || !before.trim().is_empty() {
            out.push_str(if found.is_empty() { line } else { before.trim_end() });
            out.push('\n');
        }
    }
    out
}

/// The line before its marks, and the marks.
fn split_mark(line: &str) -> (&str, Vec<(String, String)>) {
    let starts = ["# error: [", "# warning: [", "# info: ["];
    let Some(at) = starts.iter().filter_map(|s| line.find(s)).min() else { return (line, Vec::new()) };
    let mut words = line[at + 1..].split_whitespace();
    let mut found = Vec::new();
    while let (Some(severity), Some(rule)) = (words.next(), words.next()) {
        let rule = rule.trim_start_matches('[').trim_end_matches(']');
        found.push((severity.trim_end_matches(':').to_owned(), rule.to_owned()));
    }
    (&line[..at], found)
}
