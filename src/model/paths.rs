//! Well-known paths of products (`rules/paths.yaml`), and sets of them.

use std::collections::HashSet;
use std::ops::{BitAnd, BitAndAssign, BitOr, BitOrAssign, Deref, Not};
use std::sync::{Arc, LazyLock};

use foldhash::fast::FixedState;

/// What a well-known path is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum PathKind {
    /// A page or endpoint where a visitor signs in.
    Login,
    /// Issues or refreshes tokens.
    Token,
    /// Answers programs that send their own credentials.
    Api,
    /// Shows data of the signed-in visitor.
    Account,
    /// Administration.
    Admin,
    /// A script inside the administration that every visitor's browser calls (`admin-ajax.php`).
    PublicAjax,
    /// Style sheets, scripts, images, fonts.
    Asset,
    /// Asked by load balancers and monitors.
    Health,
    /// ACME HTTP-01 challenges.
    Acme,
    /// Where an identity provider sends the browser back to.
    Callback,
    /// Discovery documents under `/.well-known/` that must be open.
    Discovery,
    /// The application's front controller.
    FrontController,
    /// An old programming interface that is often blocked on purpose (`xmlrpc.php`).
    Legacy,
}

/// One path of the list.
#[derive(Clone, Debug)]
pub struct WellKnown {
    /// The path, without query.
    pub path: String,
    /// The product it belongs to (`wordpress`, `generic`).
    pub product: String,
    /// What it is for.
    pub kinds: Vec<PathKind>,
    /// Whether the product has a file of that name below its document root (`/wp-login.php`), so that `try_files $uri` finds it.
    pub file: bool,
    /// The method clients use most.
    pub method: String,
}

impl WellKnown {
    /// The product of a path that the settings name.
    pub const USERS: &str = "settings";
}

/// One path as `build.rs` writes it down.
struct Written {
    path: &'static str,
    product: &'static str,
    kinds: &'static [PathKind],
    file: bool,
    method: &'static str,
}

/// `rules/paths.yaml`, read when the tool was built: a run starts at once, and no parser of YAML comes with it.
static WRITTEN: &[Written] = include!(concat!(env!("OUT_DIR"), "/paths.rs"));

impl From<&Written> for WellKnown {
    fn from(written: &Written) -> Self {
        Self {
            path: written.path.to_owned(),
            product: written.product.to_owned(),
            kinds: written.kinds.to_vec(),
            file: written.file,
            method: written.method.to_owned(),
        }
    }
}

const WORDS: usize = 8;

/// A set of well-known paths, by their number in [`Paths::list`].
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub struct PathSet([u64; WORDS]);

/// A set that is kept once, however many routes have it.
#[derive(Clone, Debug, Default)]
pub struct SharedSet(Option<Arc<PathSet>>);

/// Sets that are kept once each.
#[derive(Debug, Default)]
pub struct SharedSets(HashSet<Arc<PathSet>, FixedState>);

impl SharedSets {
    /// The one kept for an equal set.
    pub fn share(&mut self, set: PathSet) -> SharedSet {
        if set.is_empty() {
            return SharedSet::default();
        }
        if let Some(known) = self.0.get(&set) {
            return SharedSet(Some(Arc::clone(known)));
        }
        let kept = Arc::new(set);
        self.0.insert(Arc::clone(&kept));
        SharedSet(Some(kept))
    }
}

impl From<PathSet> for SharedSet {
    /// One that is shared with its clones alone.
    fn from(set: PathSet) -> Self {
        Self((!set.is_empty()).then(|| Arc::new(set)))
    }
}

impl Deref for SharedSet {
    type Target = PathSet;

    #[inline]
    fn deref(&self) -> &PathSet {
        static EMPTY: PathSet = PathSet([0; WORDS]);
        self.0.as_deref().unwrap_or(&EMPTY)
    }
}

impl PathSet {
    /// How many paths a set can hold.
    pub const CAPACITY: usize = WORDS * 64;

    /// Adds a path.
    #[inline]
    pub fn insert(&mut self, index: usize) {
        if let Some(word) = self.0.get_mut(index / 64) {
            *word |= 1 << (index % 64);
        }
    }

    /// The paths numbered `from .. to`.
    pub fn range(from: usize, to: usize) -> Self {
        let mut set = Self::default();
        for (i, word) in set.0.iter_mut().enumerate() {
            let low = from.saturating_sub(i * 64).min(64);
            let high = to.saturating_sub(i * 64).min(64);
            let below = |n: usize| if n >= 64 { u64::MAX } else { (1 << n) - 1 };
            *word = below(high) & !below(low);
        }
        set
    }

    /// Whether it holds no path.
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.0.iter().all(|w| *w == 0)
    }

    /// How many paths are in it.
    pub fn len(&self) -> usize {
        self.0.iter().map(|word| word.count_ones() as usize).sum()
    }

    /// Whether a path is in it.
    pub fn contains(&self, index: usize) -> bool {
        self.0.get(index / 64).is_some_and(|word| word & (1 << (index % 64)) != 0)
    }

    /// The numbers of its paths, ascending.
    pub fn iter(&self) -> impl Iterator<Item = usize> + '_ {
        self.0.iter().enumerate().flat_map(|(i, word)| {
            std::iter::successors(Some(*word), |w| Some(w & w.wrapping_sub(1)))
                .take_while(|w| *w != 0)
                .map(move |w| i * 64 + w.trailing_zeros() as usize)
        })
    }
}

impl BitAnd for PathSet {
    type Output = Self;
    #[inline]
    fn bitand(mut self, other: Self) -> Self {
        self &= other;
        self
    }
}

impl BitAndAssign for PathSet {
    #[inline]
    fn bitand_assign(&mut self, other: Self) {
        self.0.iter_mut().zip(other.0).for_each(|(a, b)| *a &= b);
    }
}

impl BitOr for PathSet {
    type Output = Self;
    #[inline]
    fn bitor(mut self, other: Self) -> Self {
        self |= other;
        self
    }
}

impl BitOrAssign for PathSet {
    #[inline]
    fn bitor_assign(&mut self, other: Self) {
        self.0.iter_mut().zip(other.0).for_each(|(a, b)| *a |= b);
    }
}

impl Not for PathSet {
    type Output = Self;
    #[inline]
    fn not(mut self) -> Self {
        self.0.iter_mut().for_each(|w| *w = !*w);
        self
    }
}

/// The list of well-known paths, sorted by path.
#[derive(Debug)]
pub struct Paths {
    /// All paths, sorted by bytes, each once.
    pub list: Vec<WellKnown>,
    /// The beginning of each path as a number: most searches need no more.
    heads: Vec<u128>,
    by_kind: Vec<(PathKind, PathSet)>,
    /// All of them.
    pub everything: PathSet,
    /// The numbers of all paths in the order in which they are tried: those of no special product first, then short ones.
    by_rank: Vec<u16>,
    /// The place of each path in that order.
    ranks: Vec<u16>,
}

static SHIPPED: LazyLock<Paths> = LazyLock::new(|| Paths::new(WRITTEN.iter().map(WellKnown::from).collect()));

/// The first bytes of a text as a number: of two texts the one that sorts first has the smaller one, or the same.
fn head(text: &str) -> u128 {
    if let Some(head) = text.as_bytes().first_chunk() {
        return u128::from_be_bytes(*head);
    }
    let value = text.bytes().fold(0, |value, byte| value << 8 | u128::from(byte));
    value << (u128::BITS - 8 * text.len() as u32).min(u128::BITS - 1)
}

impl Paths {
    /// The list that ships with the tool.
    pub fn shipped() -> &'static Paths {
        &SHIPPED
    }

    /// A list of these paths; of two with one path the first is kept.
    pub fn new(mut list: Vec<WellKnown>) -> Self {
        list.sort_by(|a, b| a.path.cmp(&b.path));
        list.dedup_by(|b, a| a.path == b.path);
        list.truncate(PathSet::CAPACITY);
        let mut by_kind: Vec<(PathKind, PathSet)> = Vec::new();
        for (index, known) in list.iter().enumerate() {
            for kind in &known.kinds {
                match by_kind.iter_mut().find(|(k, _)| k == kind) {
                    Some((_, set)) => set.insert(index),
                    None => by_kind.push((*kind, PathSet::range(index, index + 1))),
                }
            }
        }
        let heads = list.iter().map(|known| head(&known.path)).collect();
        let everything = PathSet::range(0, list.len());
        let mut by_rank: Vec<u16> = (0..list.len() as u16).collect();
        by_rank.sort_by_key(|i| list.get(usize::from(*i)).map(|k| (k.product != "generic", k.path.len())));
        let mut ranks = vec![0; list.len()];
        for (rank, index) in by_rank.iter().enumerate() {
            if let Some(place) = ranks.get_mut(usize::from(*index)) {
                *place = rank as u16;
            }
        }
        Self { list, heads, by_kind, everything, by_rank, ranks }
    }

    /// The paths of a kind.
    #[inline]
    pub fn of(&self, kind: PathKind) -> PathSet {
        self.by_kind.iter().find(|(k, _)| *k == kind).map(|(_, s)| *s).unwrap_or_default()
    }

    /// The paths of several kinds.
    #[inline]
    pub fn of_any(&self, kinds: &[PathKind]) -> PathSet {
        kinds.iter().fold(PathSet::default(), |set, kind| set | self.of(*kind))
    }

    /// The paths that start with `prefix`.
    pub fn with_prefix(&self, prefix: &str) -> PathSet {
        let from = self.first_from(prefix);
        let rest = self.list.get(from..).unwrap_or_default();
        // Most prefixes begin no path at all, or every one.
        if rest.first().is_none_or(|k| !k.path.starts_with(prefix)) {
            return PathSet::default();
        }
        if from == 0 && rest.last().is_some_and(|k| k.path.starts_with(prefix)) {
            return self.everything;
        }
        PathSet::range(from, from + rest.partition_point(|k| k.path.starts_with(prefix)))
    }

    /// The path that equals `path`.
    pub fn exactly(&self, path: &str) -> PathSet {
        let mut set = PathSet::default();
        let index = self.first_from(path);
        if self.list.get(index).is_some_and(|k| k.path == path) {
            set.insert(index);
        }
        set
    }

    /// The number of the first path that does not sort before a text.
    fn first_from(&self, text: &str) -> usize {
        let wanted = head(text);
        let from = self.heads.partition_point(|head| *head < wanted);
        let alike = self.heads.get(from..).unwrap_or_default().iter().take_while(|head| **head == wanted).count();
        let alike = self.list.get(from..from + alike).unwrap_or_default();
        from + alike.partition_point(|k| k.path.as_str() < text)
    }

    /// The entry of a set that is tried first: of no special product if there is one, and short.
    pub fn first<'a>(&'a self, set: &PathSet) -> Option<&'a WellKnown> {
        // In a large set, one of the first that are tried is found sooner than all are compared.
        let size = set.len();
        let index = if size * size > self.list.len() {
            self.by_rank.iter().map(|index| usize::from(*index)).find(|index| set.contains(*index))?
        } else {
            set.iter().min_by_key(|i| self.ranks.get(*i))?
        };
        self.list.get(index)
    }

    /// The entries of a set in the order in which they are tried.
    pub fn ranked<'a>(&'a self, set: &PathSet) -> Vec<&'a WellKnown> {
        let mut ranks: Vec<u16> = set.iter().filter_map(|i| self.ranks.get(i).copied()).collect();
        ranks.sort_unstable();
        let index = |rank: u16| self.by_rank.get(usize::from(rank)).map(|i| usize::from(*i));
        ranks.into_iter().filter_map(|rank| self.list.get(index(rank)?)).collect()
    }

    /// The entries of a set.
    pub fn entries<'a>(&'a self, set: &'a PathSet) -> impl Iterator<Item = &'a WellKnown> + 'a {
        set.iter().filter_map(|i| self.list.get(i))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_and_iteration_agree() {
        for (from, to) in [(0, 0), (0, 64), (3, 70), (64, 65), (127, 300), (5, 5)] {
            let set = PathSet::range(from, to);
            assert_eq!(set.iter().collect::<Vec<_>>(), (from..to).collect::<Vec<_>>());
        }
    }

    #[test]
    fn the_shipped_list_fits() {
        let paths = Paths::shipped();
        assert!(paths.list.len() < PathSet::CAPACITY);
        assert_eq!(paths.exactly("/wp-login.php"), paths.with_prefix("/wp-login.php"));
        assert_eq!(paths.with_prefix("/"), paths.everything);
        for (index, known) in paths.list.iter().enumerate() {
            assert_eq!(paths.exactly(&known.path), PathSet::range(index, index + 1));
            let prefix = known.path.get(..known.path.len() / 2).unwrap();
            let begun: Vec<usize> = (0..paths.list.len()).filter(|i| paths.list[*i].path.starts_with(prefix)).collect();
            assert_eq!(paths.with_prefix(prefix).iter().collect::<Vec<_>>(), begun, "{prefix}");
        }
        assert!(!(paths.of(PathKind::Login) & paths.exactly("/wp-login.php")).is_empty());
    }
}
