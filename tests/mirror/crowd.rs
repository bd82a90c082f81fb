//! Two processes that pull one mirror at the same time.

use crate::history::{Others, Writer};
use crate::pairs::{each_pair, world};
use crate::posts::All;
use crate::tables::{plain, recorded};
use handleref::mirror::Mirror;

each_pair! {
    /// They take turns, and nothing is applied twice or left out.
    synchronous async fn two_pulls(source, from, target, to) {
        recorded(&source);
        plain(&target);
        let others = Others::write(Writer::new(&source, 2));
        let mirror = Mirror::<All>::new("all").batch(4).page(3);
        // Their connections are of the types of `from` and `to`.
        let same = (source.connect_as(from), target.connect_as(to));
        std::thread::scope(|scope| {
            let (mut from_too, mut to_too) = same;
            let mirror = &mirror;
            let other = scope.spawn(move || (0..15).try_for_each(|_| mirror.pull(&mut from_too, &mut to_too).map(drop)));
            let this = (0..15).try_for_each(|_| mirror.pull(from, to).map(drop));
            this.and(other.join().unwrap())
        })?;
        others.stop();
        mirror.pull(from, to)?;
        assert_eq!(world!(from), world!(to));
    }
}

impl crate::support::Db {
    /// Another connection of the same type.
    fn connect_as<C: diesel::Connection>(&self, _: &C) -> C {
        self.connect()
    }
}
