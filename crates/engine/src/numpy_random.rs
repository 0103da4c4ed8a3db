//! NumPy's legacy random stream: what `np.random.seed(n)` and the functions of `np.random` draw.
//!
//! The stream is frozen by NumPy's compatibility policy (NEP 19), so a run written down in a
//! notebook years ago can be drawn again today, number by number and bit by bit. The generator
//! is MT19937 seeded by Knuth's `init_genrand`; the transformations are those of NumPy's
//! `RandomState` (`legacy-distributions.c` and `distributions.c`).

use std::fmt;

use rand_mt::Mt;

/// The stream of `np.random.RandomState(seed)`; one value is drawn per call, as NumPy does
/// when it fills an array in C order (row by row).
#[derive(Clone)]
pub struct NumpyRandom {
    generator: Mt,
    /// The polar method makes two values at a time; the one not yet handed out waits here.
    /// Only `randn` looks at it: other draws in between do not discard it.
    waiting_gauss: Option<f64>,
}

impl NumpyRandom {
    /// `np.random.seed(seed)`.
    pub fn new(seed: u32) -> Self {
        Self { generator: Mt::new(seed), waiting_gauss: None }
    }

    /// The next word of MT19937: `randint(0, 2**32, dtype=np.uint32)`.
    pub fn next_u32(&mut self) -> u32 {
        self.generator.next_u32()
    }

    /// `np.random.random_sample()`, also called `rand()`: a multiple of 2⁻⁵³ in [0, 1).
    ///
    /// Two words are used: 27 bits of the first above 26 bits of the second.
    pub fn random_sample(&mut self) -> f64 {
        const TWO_26: f64 = 67_108_864.0;
        const TWO_53: f64 = 9_007_199_254_740_992.0;
        let high = self.next_u32() >> 5;
        let low = self.next_u32() >> 6;
        (f64::from(high) * TWO_26 + f64::from(low)) / TWO_53
    }

    /// `np.random.uniform(low, high)`: `low + (high - low) · random_sample()`.
    ///
    /// The order of operations is NumPy's; `2·u - 1` and `uniform(-1, 1)` round differently.
    pub fn uniform(&mut self, low: f64, high: f64) -> f64 {
        low + (high - low) * self.random_sample()
    }

    /// `np.random.randn()`: a standard normal value by Marsaglia's polar method.
    ///
    /// Uses the platform's logarithm, as NumPy does: where that logarithm rounds differently, the
    /// last bit may differ.
    pub fn randn(&mut self) -> f64 {
        if let Some(value) = self.waiting_gauss.take() {
            return value;
        }
        loop {
            let x1 = 2.0 * self.random_sample() - 1.0;
            let x2 = 2.0 * self.random_sample() - 1.0;
            let r2 = x1 * x1 + x2 * x2;
            if r2 < 1.0 && r2 != 0.0 {
                let factor = (-2.0 * r2.ln() / r2).sqrt();
                // NumPy hands out the second coordinate first.
                self.waiting_gauss = Some(factor * x1);
                return factor * x2;
            }
        }
    }

    /// `np.random.randint(low, high_exclusive)`: an integer in `low .. high_exclusive`.
    ///
    /// Words are masked to the smallest power of two that covers the range and drawn again
    /// while they fall outside it. An interval of one value draws nothing.
    ///
    /// # Panics
    ///
    /// If the interval is empty or holds more than 2³² values.
    pub fn randint(&mut self, low: i64, high_exclusive: i64) -> i64 {
        assert!(low < high_exclusive, "randint: low = {low} must be below high = {high_exclusive}");
        let Some(range) = (high_exclusive - 1).checked_sub(low).and_then(|range| u32::try_from(range).ok()) else {
            panic!("randint: {low} .. {high_exclusive} holds more than 2^32 values");
        };
        if range == 0 {
            return low;
        }
        let mask = u32::MAX >> range.leading_zeros();
        loop {
            let value = self.next_u32() & mask;
            if value <= range {
                return low + i64::from(value);
            }
        }
    }
}

impl fmt::Debug for NumpyRandom {
    /// Leaves out the 624 words of state.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("NumpyRandom").field("waiting_gauss", &self.waiting_gauss).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests {
    use super::NumpyRandom;

    /// Printed by NumPy 2.4.6, each line from a fresh `RandomState(seed)` named `r`:
    /// words     `r.randint(0, 2**32, 8, dtype=np.uint32)`
    /// sample    `r.random_sample(16)`
    /// normal    `r.randn(9)`
    /// integers  `r.randint(-3, 503, 12)`
    /// uniform   `r.uniform(-1, 1, 4)`, then `r.uniform(-0.3, 2.7, 4)`
    /// mixed     `r.randn()`, `r.randint(0, 506)`, `r.randn()`, `r.uniform(-2, 5)`,
    ///           `r.randint(7, 8)`, `r.randint(0, 2**32)`, `r.random_sample()`
    const PRINTED: &str = "
        seed 0
          words 2357136044 2546248239 3071714933 3626093760 2588848963 3684848379 2340255427
            3638918503
          sample 0.5488135039273248 0.7151893663724195 0.6027633760716439 0.5448831829968969
            0.4236547993389047 0.6458941130666561 0.4375872112626925 0.8917730007820798
            0.9636627605010293 0.3834415188257777 0.7917250380826646 0.5288949197529045
            0.5680445610939323 0.925596638292661 0.07103605819788694 0.08712929970154071
          normal 1.764052345967664 0.4001572083672233 0.9787379841057392 2.240893199201458
            1.8675579901499675 -0.977277879876411 0.9500884175255894 -0.1513572082976979
            -0.10321885179355784
          integers 169 44 114 189 320 248 192 356 6 208 274 239
          uniform 0.0976270078546495 0.43037873274483895 0.20552675214328775 0.08976636599379373
            0.970964398016714 1.6376823391999682 1.0127616337880776 2.3753190023462394
          mixed 1.764052345967664 323.0 0.4001572083672233 4.005619323359298 7.0 3638918503.0
            0.4236547993389047
        seed 2
          words 1872583848 794921487 111352301 4000937544 2360782358 4070471979 1869695442
            2081981515
          sample 0.43599490214200376 0.025926231827891333 0.5496624778787091 0.4353223926182769
            0.42036780208748903 0.3303348210038741 0.2046486340378425 0.6192709663506637
            0.29965467367452314 0.26682727510286663 0.6211338327692949 0.5291420942770391
            0.13457994534493356 0.5135781212657464 0.18443986564691528 0.7853351478166735
          normal -0.4167578474054706 -0.056266827226329474 -2.136196095668454 1.6402708084049886
            -1.7934355851948631 -0.841747365656204 0.5028814171580428 -1.2452880866072316
            -1.057952218862339
          integers 165 12 490 69 19 296 463 72 357 260 159 430
          uniform -0.12801019571599248 -0.9481475363442173 0.09932495575741829
            -0.12935521476344625 0.961103406262467 0.6910044630116223 0.3139459021135275
            1.557812899051991
          mixed -0.4167578474054706 22.0 -0.056266827226329474 4.634114280695146 7.0 2081981515.0
            0.42036780208748903
        seed 123456789
          words 2288500408 4254805660 2294099250 56498137 2188513626 3108979485 3064734188
            580305671
          sample 0.532833024789759 0.5341366008904166 0.509553035526467 0.7135640318327616
            0.25699895475697543 0.7526936088721111 0.8838791836895437 0.15489908253329554
            0.6705464383489265 0.6434451585898716 0.7236271691770674 0.7487252000668047
            0.8185473949540495 0.09790852286831797 0.0035539072081155476 0.2308096154813184
          normal 2.2129019979039612 2.128397797652002 1.8417114045748335 0.08238247951406152
            0.858963679564603 -0.8260164271334273 1.1572705185893468 1.3759151378258088
            0.9430284594687134
          integers 181 153 303 470 343 282 489 260 247 225 332 208
          uniform 0.06566604957951805 0.06827320178083318 0.01910607105293405 0.42712806366552325
            0.4709968642709263 1.9580808266163332 2.351637551068631 0.16469724759988663
          mixed 2.2129019979039612 346.0 2.128397797652002 3.067059852145226 7.0 580305671.0
            0.25699895475697543
    ";

    #[test]
    fn draws_what_numpy_draws() {
        let mut seed = 0;
        let mut expected = PRINTED.split_whitespace().peekable();
        let mut lines = 0;
        while let Some(line) = expected.next() {
            let mut numbers = Vec::new();
            while let Some(text) = expected.next_if(|text| !text.starts_with(char::is_alphabetic)) {
                numbers.push(text.parse::<f64>().unwrap());
            }
            if line == "seed" {
                seed = numbers[0] as u32;
                continue;
            }
            let random = &mut NumpyRandom::new(seed);
            let drawn: Vec<f64> = (0..numbers.len()).map(|i| draw(random, line, i)).collect();
            // Compared bit for bit; every integer here is exact as a float.
            let bits = |numbers: &[f64]| numbers.iter().map(|x| x.to_bits()).collect::<Vec<_>>();
            assert_eq!(bits(&drawn), bits(&numbers), "{seed} {line}: {drawn:?}");
            lines += 1;
        }
        assert_eq!(lines, 18);
    }

    /// The draw number `i` of a line of the table.
    fn draw(random: &mut NumpyRandom, line: &str, i: usize) -> f64 {
        match (line, i) {
            ("words", _) => f64::from(random.next_u32()),
            ("sample", _) | ("mixed", 6) => random.random_sample(),
            ("normal", _) | ("mixed", 0 | 2) => random.randn(),
            ("integers", _) => random.randint(-3, 503) as f64,
            ("uniform", 0..4) => random.uniform(-1.0, 1.0),
            ("uniform", _) => random.uniform(-0.3, 2.7),
            ("mixed", 1) => random.randint(0, 506) as f64,
            ("mixed", 3) => random.uniform(-2.0, 5.0),
            ("mixed", 4) => random.randint(7, 8) as f64,
            ("mixed", 5) => random.randint(0, 1 << 32) as f64,
            _ => unreachable!("{line}"),
        }
    }

    #[test]
    fn extreme_intervals_are_drawn_or_refused() {
        let mut random = NumpyRandom::new(0);
        assert_eq!(random.randint(i64::MAX - 1, i64::MAX), i64::MAX - 1);
        assert_eq!(random.randint(i64::MIN, i64::MIN + 1), i64::MIN);
        for (low, high) in [(1, 1), (2, 1), (0, (1 << 32) + 1), (i64::MIN, i64::MAX)] {
            let mut random = random.clone();
            assert!(std::panic::catch_unwind(move || random.randint(low, high)).is_err());
        }
    }
}
