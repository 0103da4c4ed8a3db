//! A series as what can be drawn of it.

use super::{Axis, Plot, Series};

/// The parts of a series that can be drawn, and how many points cannot.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Line {
    /// Unbroken parts, none empty.
    pub runs: Vec<Vec<(f64, f64)>>,
    /// Points with a number that is NaN or infinite.
    pub not_finite: usize,
    /// Points that are not above 0 on a logarithmic axis.
    pub not_positive: usize,
}

/// Cuts every series at the points that have no place.
pub fn lines(plot: &Plot) -> Vec<Line> {
    plot.series.iter().map(|series| line(series, &plot.x, &plot.y)).collect()
}

fn line(series: &Series, x: &Axis, y: &Axis) -> Line {
    let mut line = Line::default();
    let mut run = Vec::new();
    for &point in &series.points {
        if !(point.0.is_finite() && point.1.is_finite()) {
            line.not_finite += 1;
        } else if (x.log && point.0 <= 0.0) || (y.log && point.1 <= 0.0) {
            line.not_positive += 1;
        } else {
            run.push(point);
            continue;
        }
        line.runs.extend((!run.is_empty()).then(|| std::mem::take(&mut run)));
    }
    line.runs.extend((!run.is_empty()).then_some(run));
    line
}

impl Line {
    /// Every point that is drawn.
    pub fn points(&self) -> impl Iterator<Item = (f64, f64)> {
        self.runs.iter().flatten().copied()
    }
}

/// Of the points that follow each other in one column of the screen, one px wide, only the first, the lowest, the highest
/// and the last, in their order: the drawn line is the same. Source: Jugel et al., M4, PVLDB 7, 2014.
pub fn thin(points: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let mut kept = Vec::new();
    for column in points.chunk_by(|a, b| a.0.floor() == b.0.floor()) {
        let by_height = |a: &usize, b: &usize| column[*a].1.total_cmp(&column[*b].1);
        let all = || 0..column.len();
        let mut wanted = [Some(0), all().min_by(by_height), all().max_by(by_height), Some(column.len() - 1)].map(|i| i.unwrap_or(0));
        wanted.sort_unstable();
        for (k, &i) in wanted.iter().enumerate() {
            if k == 0 || wanted[k - 1] != i {
                kept.push(column[i]);
            }
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_has_no_place_breaks_the_line() {
        let points = vec![(1.0, 1.0), (2.0, f64::NAN), (3.0, 3.0), (4.0, 4.0), (5.0, f64::INFINITY), (6.0, 0.0), (7.0, 7.0)];
        let series = Series { name: "a".into(), points };
        let plain = line(&series, &Axis::default(), &Axis::default());
        assert_eq!(plain.runs, [vec![(1.0, 1.0)], vec![(3.0, 3.0), (4.0, 4.0)], vec![(6.0, 0.0), (7.0, 7.0)]]);
        assert_eq!((plain.not_finite, plain.not_positive), (2, 0));
        let log = line(&series, &Axis::default(), &Axis { log: true, ..Axis::default() });
        assert_eq!(log.runs.last().unwrap(), &[(7.0, 7.0)]);
        assert_eq!((log.not_finite, log.not_positive), (2, 1));
    }

    #[test]
    fn thinning_keeps_every_columns_ends_and_extremes() {
        let wild = |i: usize| (i as f64 * 0.013, ((i * i) as f64).sin() * 50.0 + (i % 97) as f64);
        let points: Vec<(f64, f64)> = (0..20_000).map(wild).collect();
        let kept = thin(&points);
        assert!(kept.len() <= 4 * 261 && kept.len() > 500, "{}", kept.len());
        assert!((kept[0], kept[kept.len() - 1]) == (points[0], points[19_999]));
        for column in 0..260 {
            let of = |points: &[(f64, f64)]| {
                let inside: Vec<f64> = points.iter().filter(|point| point.0.floor() == f64::from(column)).map(|point| point.1).collect();
                (
                    inside[0],
                    inside[inside.len() - 1],
                    inside.iter().copied().fold(f64::MAX, f64::min),
                    inside.iter().copied().fold(f64::MIN, f64::max),
                )
            };
            assert_eq!(of(&kept), of(&points));
        }
        assert_eq!(thin(&[(0.0, 1.0), (0.1, 1.0)]), [(0.0, 1.0), (0.1, 1.0)]);
        assert_eq!(thin(&[]), []);
    }
}
