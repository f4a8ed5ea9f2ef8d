//! Makes a configuration smaller while a disagreement stays.

use crate::support::conf::{Body, Directive};

/// Drops directives, and unwraps blocks, as long as `holds` says that the result still shows what it is about.
pub(crate) fn shrink(mut tree: Vec<Directive>, mut budget: usize, mut holds: impl FnMut(&[Directive]) -> bool) -> Vec<Directive> {
    loop {
        let before = count(&tree);
        let mut at = 0;
        while at < count(&tree) && budget > 0 {
            let mut smaller = tree.clone();
            let mut left = at;
            remove(&mut smaller, &mut left);
            budget -= 1;
            if smaller != tree && holds(&smaller) {
                tree = smaller;
            } else {
                at += 1;
            }
        }
        if count(&tree) == before || budget == 0 {
            return tree;
        }
    }
}

fn count(list: &[Directive]) -> usize {
    list.iter().map(|d| 1 + count(d.children())).sum()
}

/// Removes the directive that comes `left` places after the first one, in the order of the text.
fn remove(list: &mut Vec<Directive>, left: &mut usize) -> bool {
    for index in 0..list.len() {
        if *left == 0 {
            // A server without an address would take port 80 of the machine; without a name or a root it has those of the machine.
            let stays = matches!(list[index].name(), "listen" | "ServerName" | "DocumentRoot");
            if !stays {
                list.remove(index);
            }
            return true;
        }
        *left -= 1;
        if let Some(Body::Block(children)) = &mut list[index].body
            && remove(children, left)
        {
            return true;
        }
    }
    false
}
