//! How exact every operation is, measured against its own card's formula over numbers of hundreds of bits.
//!
//! The errors stand in docs/operations.md, which is held fresh here: `cargo xtask docs` writes it anew.

mod support {
    pub mod big;
    pub mod big_dual;
    pub mod measure;
    pub mod points;
    pub mod probe;
    pub mod reference;
    pub mod ulp;
}

use backlit_engine::ops::table;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicUsize, Ordering};
use support::measure::{Errors, errors};

/// Of one operation: in f64, in f32.
type Both = (Option<Errors>, Option<Errors>);

/// The errors of every operation, in the order of the table; measured once, on all cores.
fn measured() -> &'static [Both] {
    static MEASURED: OnceLock<Vec<Both>> = OnceLock::new();
    MEASURED.get_or_init(|| {
        let (doubles, singles) = (table::<f64>(), table::<f32>());
        let slots: Vec<OnceLock<Option<Errors>>> = (0..2 * doubles.len()).map(|_| OnceLock::new()).collect();
        let next = AtomicUsize::new(0);
        let work = || {
            loop {
                let job = next.fetch_add(1, Ordering::Relaxed);
                let Some(slot) = slots.get(job) else { return };
                let start = std::time::Instant::now();
                let result = if job % 2 == 0 { errors(&doubles[job / 2]) } else { errors(&singles[job / 2]) };
                println!("{:24} {} {:?}", doubles[job/2].about.name, job % 2, start.elapsed());
                slot.set(result).expect("each job is done once");
            }
        };
        std::thread::scope(|scope| {
            for _ in 0..std::thread::available_parallelism().map_or(1, usize::from) {
                scope.spawn(work);
            }
        });
        let mut results = slots.into_iter().map(|slot| slot.into_inner().expect("every job was done"));
        std::iter::from_fn(|| Some((results.next()?, results.next()?))).collect()
    })
}

#[test]
fn scratch() {
    for (e, m) in table::<f64>().iter().zip(measured()) {
        let (Some(a), Some(b)) = m else { continue };
        println!("{:24} {:>8} {:>8} {:>8} {:>8}", e.about.name, a.value.rounded_up(), a.partial.rounded_up(), b.value.rounded_up(), b.partial.rounded_up());
        for w in [&a.value, &a.partial, &b.value, &b.partial] { if w.error > 1.5 { println!("    {:.3} {}", w.error, w.at); } }
    }
}
