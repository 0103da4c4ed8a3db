//! Dates and times as people write them, and the numbers they are taken apart into.

use jiff::civil::{Date, Time};
use serde::{Deserialize, Serialize};
use std::f64::consts::TAU;

const EPOCH: Date = jiff::civil::date(1970, 1, 1);

/// In which order year, month and day stand.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Order {
    /// 2024-05-31
    YearMonthDay,
    /// 31.05.2024 or 31/05/2024
    DayMonthYear,
    /// 05/31/2024
    MonthDayYear,
}

/// The orders that are tried, the likeliest first.
pub(super) const ORDERS: [Order; 3] = [Order::YearMonthDay, Order::DayMonthYear, Order::MonthDayYear];

/// A moment without a time zone.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Moment {
    date: Date,
    /// If one was given.
    time: Option<Time>,
}

/// The names of the numbers that [`Moment::numbers`] gives, each behind its column's name.
pub(super) fn names(time: bool) -> &'static [&'static str] {
    let all = &["days", "season sin", "season cos", "weekday sin", "weekday cos", "hour sin", "hour cos"];
    if time { all } else { &all[..5] }
}

impl Moment {
    /// Whether it is another time than midnight, at which dates stand that have none.
    pub fn has_clock(&self) -> bool {
        self.time.is_some_and(|time| time != Time::midnight())
    }

    /// Days since 1970-01-01 with the time as a fraction; then the place in the year, in the week and, with `time`, in the day, each as
    /// a point on a circle.
    pub fn numbers(&self, time: bool, values: &mut Vec<f64>) {
        // Nine digits: what differs between two machines' sines lies behind them.
        let nine = |number: f64| (number * 1e9).round() / 1e9;
        let circle = |share: f64| [nine((TAU * share).sin()), nine((TAU * share).cos())];
        let of_day = self.time.map_or(0.0, |time| time.duration_since(Time::midnight()).as_secs_f64() / 86_400.0);
        values.push(self.date.duration_since(EPOCH).as_hours() as f64 / 24.0 + of_day);
        values.extend(circle(f64::from(self.date.day_of_year() - 1) / f64::from(self.date.days_in_year())));
        values.extend(circle(f64::from(self.date.weekday().to_monday_zero_offset()) / 7.0));
        if time {
            values.extend(circle(of_day));
        }
    }
}

/// The moment of so many days since 1970-01-01, a fraction being a time of day.
fn moment(days: f64) -> Option<Moment> {
    let whole = days.floor();
    let date = EPOCH.checked_add(jiff::Span::new().try_days(whole as i64).ok()?).ok()?;
    let time = Time::midnight().checked_add(jiff::Span::new().try_seconds(((days - whole) * 86_400.0).round() as i64).ok()?).ok();
    Some(Moment { date, time })
}

/// The [numbers](Moment::numbers) of so many days since 1970-01-01; NaN where they are.
pub(crate) fn of_day(days: f64, time: bool, values: &mut Vec<f64>) {
    match moment(days).filter(|_| days.is_finite()) {
        Some(moment) => moment.numbers(time, values),
        None => values.extend(names(time).iter().map(|_| f64::NAN)),
    }
}

/// So many days since 1970-01-01 as a date, with the time if it is not midnight.
pub(super) fn shown(days: f64) -> String {
    match moment(days) {
        Some(Moment { date, time: Some(time) }) if time != Time::midnight() => format!("{date} {time}"),
        Some(Moment { date, .. }) => date.to_string(),
        None => "of no known day".into(),
    }
}

/// Reads `2024-05-31`, `2024-05-31T14:30`, `31.05.2024 14:30:05`, `05/31/2024`; a `Z` behind the time is skipped.
pub(super) fn read(cell: &str, order: Order) -> Option<Moment> {
    let cell = cell.trim();
    if !cell.starts_with(|sign: char| sign.is_ascii_digit()) || cell.len() < "1.1.2024".len() {
        return None;
    }
    let (date, time) = match cell.split_once(['T', ' ']) {
        Some((date, time)) => (date, Some(time.trim())),
        None => (cell, None),
    };
    let forms: &[&str] = match order {
        Order::YearMonthDay => &["%Y-%m-%d", "%Y/%m/%d"],
        Order::DayMonthYear => &["%d.%m.%Y", "%d/%m/%Y", "%d-%m-%Y"],
        Order::MonthDayYear => &["%m/%d/%Y", "%m-%d-%Y"],
    };
    // A year of two digits would be one of antiquity.
    let date = forms.iter().find_map(|form| Date::strptime(form, date).ok()).filter(|date| date.year() >= 1000)?;
    let clock = |time: &str| ["%H:%M", "%H:%M:%S%.f"].iter().find_map(|form| Time::strptime(form, time).ok());
    match time {
        Some(time) => Some(Moment { date, time: Some(clock(time.strip_suffix('Z').unwrap_or(time))?) }),
        None => Some(Moment { date, time: None }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Days by `date -u -d … +%s` divided by 86,400.
    #[test]
    fn days_are_those_of_the_calendar() {
        for (text, days) in [
            ("1970-01-01", 0),
            ("1969-12-31", -1),
            ("2000-02-29", 11_016),
            ("2000-03-01", 11_017),
            ("1900-03-01", -25_508),
            ("2024-12-31", 20_088),
            ("2100-03-01", 47_541),
        ] {
            let mut numbers = Vec::new();
            read(text, Order::YearMonthDay).unwrap().numbers(false, &mut numbers);
            assert_eq!(numbers[0], f64::from(days), "{text}");
        }
        for (text, order) in [("31.05.2024", Order::DayMonthYear), ("31/5/2024", Order::DayMonthYear), ("05/31/2024", Order::MonthDayYear)]
        {
            assert_eq!(read(text, order), read("2024-05-31", Order::YearMonthDay), "{text}");
        }
        let moment = read("2024-05-31T14:30:05.5Z", Order::YearMonthDay).unwrap();
        assert_eq!(moment.time, Some(jiff::civil::time(14, 30, 5, 500_000_000)));
        for text in
            ["2023-02-29", "2024-13-01", "2024-00-10", "24-05-31", "2024-05", "2024-05-31 25:00", "2024-05-31 1:2:3:4", "a-b-c", "", "x"]
        {
            assert_eq!(read(text, Order::YearMonthDay), None, "{text}");
        }
    }

    #[test]
    fn a_friday_and_the_turn_of_the_year() {
        let mut numbers = Vec::new();
        read("2024-05-31 06:00", Order::YearMonthDay).unwrap().numbers(true, &mut numbers);
        let friday = TAU * 4.0 / 7.0;
        let season = TAU * 151.0 / 366.0;
        let want = [19_874.25, season.sin(), season.cos(), friday.sin(), friday.cos(), 1.0, 0.0];
        assert!(numbers.iter().zip(want).all(|(got, want)| (got - want).abs() < 6e-10), "{numbers:?}");
        assert_eq!(names(true).len(), numbers.len());
    }
}
