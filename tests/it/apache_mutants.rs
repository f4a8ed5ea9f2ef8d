//! Mistakes in Apache configurations.

/// One mistake in a random line that is no comment.
pub(crate) fn mutate(text: &str, random: &mut impl FnMut(usize) -> usize) -> Option<String> {
    let lines: Vec<&str> = text.split_inclusive('\n').collect();
    let code: Vec<usize> = (0..lines.len()).filter(|i| !matches!(lines[*i].trim().chars().next(), None | Some('#'))).collect();
    let at = *code.get(random(code.len().max(1)))?;
    let line = lines[at];
    let mut lines: Vec<String> = lines.iter().map(|line| (*line).to_owned()).collect();
    let cut = |marks: &[char], random: &mut dyn FnMut(usize) -> usize| {
        let places: Vec<usize> = line.char_indices().filter(|(_, c)| marks.contains(c)).map(|(i, _)| i).collect();
        let place = *places.get(random(places.len().max(1)))?;
        Some((line[..place].to_owned(), line[place + 1..].to_owned()))
    };
    lines[at] = match random(9) {
        0 => String::new(),
        1 => format!("{line}{line}"),
        2 => {
            let other = at + 1;
            let next = lines.get(other)?.clone();
            line.clone_into(&mut lines[other]);
            next
        }
        3 => cut(&['"', '\''], random).map(|(before, after)| format!("{before}{after}"))?,
        4 => cut(&['<', '>', '/'], random).map(|(before, after)| format!("{before}{after}"))?,
        5 => cut(&['(', ')', '[', ']', '^', '$'], random).map(|(before, after)| format!("{before}{after}"))?,
        6 => cut(&[' '], random).map(|(before, after)| format!("{before} {} {after}", ["x", "\"", "#", "<", ">"][random(5)]))?,
        // The last word goes.
        7 => format!("{}\n", line.trim_end().rsplit_once([' ', '\t'])?.0),
        _ => {
            let letters: Vec<usize> = line.char_indices().filter(|(_, c)| c.is_ascii_alphabetic()).map(|(i, _)| i).collect();
            let place = *letters.get(random(letters.len().clamp(1, 8)))?;
            format!("{}{}", &line[..place], &line[place + 1..])
        }
    };
    Some(lines.concat())
}

/// Numbers that are the same in each run.
pub(crate) fn numbers() -> impl FnMut(usize) -> usize {
    let mut state = 0x2545_f491_4f6c_dd1d_u64;
    move |below| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    }
}

/// How many mistakes are tried, if somebody says so.
pub(crate) fn wanted() -> Option<usize> {
    std::env::var("LINT401_MUTANTS").ok().and_then(|n| n.parse().ok())
}
