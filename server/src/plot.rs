//! One plot as SVG: lines over time, gaps as gaps, what happened as marks.
//!
//! Made by plotters on the server so that page and report show the same picture and no browser computes one. Colours are
//! classes, because light and dark, and every width, belong to the stylesheet (`style/parts/plot.css`): plotters is given
//! colours that stand for a role, and each is exchanged for its class afterwards. The trap is a value that is not a
//! number: it must not reach the axis, so a line without a finite value is not drawn.

use domain::Timestamp;
use domain::series::{Line, Reach};
use plotters::coord::ranged1d::{DefaultFormatting, KeyPointHint, Ranged};
use plotters::prelude::*;
use plotters::style::RGBColor;
use plotters::style::text_anchor::{HPos, Pos, VPos};

/// Width and height in units; the page scales it.
const SIZE: (u32, u32) = (640, 190);
/// Roles, each a colour nobody draws with and the class it becomes. Lines come first.
const ROLES: [(RGBColor, &str); 11] = [
    (RGBColor(1, 2, 1), "p-1"),
    (RGBColor(1, 2, 2), "p-2"),
    (RGBColor(1, 2, 3), "p-3"),
    (RGBColor(1, 1, 1), "p-grid"),
    (RGBColor(1, 1, 2), "p-axis"),
    (RGBColor(1, 1, 3), "p-text"),
    (RGBColor(1, 1, 4), "p-gap"),
    (RGBColor(1, 1, 5), "p-deployment"),
    (RGBColor(1, 1, 6), "p-stop"),
    (RGBColor(1, 1, 7), "p-alarm"),
    (RGBColor(1, 1, 8), "p-break"),
];
const GRID: RGBColor = ROLES[3].0;
const AXIS: RGBColor = ROLES[4].0;
const TEXT: RGBColor = ROLES[5].0;
const GAP: RGBColor = ROLES[6].0;

/// Something that happened, as a mark.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Mark {
    /// A deployment began or ended: a line over the whole height.
    Deployment,
    /// A task stopped: a tick from below.
    Stop,
    /// An alarm changed: a tick from above.
    Alarm,
    /// What is measured became another: a line over the whole height, with a word beside it where there is room for one.
    Break(&'static str),
}

/// What is drawn.
pub struct Picture<'a> {
    /// How far back; decides where the time axis has its labels.
    pub reach: Reach,
    /// Beginning and end, in seconds since 1970.
    pub span: (i64, i64),
    /// At most three lines.
    pub lines: &'a [Line],
    /// Drawn as steps: a count holds until it changes.
    pub steps: bool,
    /// Whole numbers only on the value axis.
    pub whole: bool,
    /// Where the value axis ends; none: as high as the values need it.
    pub top: Option<f64>,
    /// Times in which nobody looked, in seconds.
    pub gaps: &'a [(i64, i64)],
    /// What happened when, in seconds.
    pub marks: &'a [(i64, Mark)],
    /// The picture in words.
    pub words: &'a str,
}

/// The picture; nothing where there is no value to draw.
pub fn svg(picture: &Picture<'_>) -> Option<String> {
    let highest = picture.lines.iter().filter_map(Line::range).map(|(_, high)| high).filter(|high| high.is_finite()).reduce(f64::max)?;
    let mut out = String::with_capacity(12 * 1024);
    match draw(picture, highest, &mut out) {
        Ok(()) => Some(dressed(&out, picture.words)),
        Err(error) => {
            tracing::error!(%error, "a plot could not be drawn");
            None
        }
    }
}

type Drawn = Result<(), Box<dyn std::error::Error>>;

fn draw(picture: &Picture<'_>, highest: f64, out: &mut String) -> Drawn {
    let root = SVGBackend::with_string(out, SIZE).into_drawing_area();
    let (from, to) = (picture.span.0 as f64, picture.span.1 as f64);
    let values = picture.top.map_or_else(|| ticks(highest, picture.whole), |top| ticks(top, false));
    let top = values.last().copied().unwrap_or(1.0);
    let horizontal = Axis { from, to: to.max(from + 1.0), labels: times(picture.reach, picture.span) };
    let vertical = Axis { from: 0.0, to: top, labels: values };
    let mut chart = ChartBuilder::on(&root)
        .margin_top(10)
        .margin_right(14)
        .x_label_area_size(30)
        .y_label_area_size(58)
        .build_cartesian_2d(horizontal, vertical)?;
    chart.draw_series(
        picture
            .gaps
            .iter()
            .map(|(begin, end)| Rectangle::new([((*begin as f64).max(from), 0.0), ((*end as f64).min(to), top)], GAP.filled())),
    )?;
    let label = ("sans-serif", 13).into_font().color(&TEXT);
    chart
        .configure_mesh()
        .disable_x_mesh()
        .bold_line_style(GRID)
        .light_line_style(TRANSPARENT)
        .axis_style(AXIS)
        .x_labels(12)
        .y_labels(12)
        .label_style(label.clone())
        .x_label_formatter(&|second| time_label(*second, picture.reach))
        .y_label_formatter(&|value| number(*value))
        .draw()?;
    for (second, mark) in picture.marks.iter().filter(|(second, _)| (picture.span.0..=picture.span.1).contains(second)) {
        let at = *second as f64;
        let (low, high, role) = match mark {
            Mark::Deployment => (0.0, top, ROLES[7].0),
            Mark::Stop => (0.0, top * 0.14, ROLES[8].0),
            Mark::Alarm => (top * 0.86, top, ROLES[9].0),
            Mark::Break(_) => (0.0, top, ROLES[10].0),
        };
        chart.draw_series([PathElement::new(vec![(at, low), (at, high)], role)])?;
        if let Mark::Break(words) = mark
            && !words.is_empty()
        {
            // on the side that has more room, a hair's breadth away
            let (side, away) = if at - from < to - at { (HPos::Left, to - from) } else { (HPos::Right, from - to) };
            chart.draw_series([Text::new(*words, (at + away / 128.0, top), label.pos(Pos::new(side, VPos::Top)))])?;
        }
    }
    for (line, (role, _)) in picture.lines.iter().zip(ROLES) {
        for run in runs(line, picture.steps, picture.span.1) {
            match run.as_slice() {
                [only] => chart.draw_series([Circle::new(*only, 2, role.filled())])?,
                _ => chart.draw_series(LineSeries::new(run.iter().copied(), role.stroke_width(2)))?,
            };
        }
    }
    root.present()?;
    Ok(())
}

/// An axis labelled where we say: plotters' own choice knows powers of ten and no hours.
struct Axis {
    from: f64,
    to: f64,
    labels: Vec<f64>,
}

impl Ranged for Axis {
    type FormatOption = DefaultFormatting;
    type ValueType = f64;

    fn map(&self, value: &f64, (low, high): (i32, i32)) -> i32 {
        let part = ((value - self.from) / (self.to - self.from)).clamp(0.0, 1.0);
        low + (part * f64::from(high - low)).round() as i32
    }

    fn key_points<Hint: KeyPointHint>(&self, _: Hint) -> Vec<f64> {
        self.labels.clone()
    }

    fn range(&self) -> std::ops::Range<f64> {
        self.from..self.to
    }
}

/// The line's unbroken stretches. A point stands at the beginning of its bucket; as steps it holds to its end.
fn runs(line: &Line, steps: bool, end: i64) -> Vec<Vec<(f64, f64)>> {
    let mut all: Vec<Vec<(f64, f64)>> = vec![Vec::new()];
    for (index, value) in (0_i64..).zip(&line.values) {
        let begins = line.start + index * line.width;
        match (value.filter(|value| value.is_finite()), all.last_mut()) {
            (Some(value), Some(run)) => {
                run.push((begins as f64, value));
                if steps {
                    run.push(((begins + line.width).min(end) as f64, value));
                }
            }
            (None, Some(run)) if !run.is_empty() => all.push(Vec::new()),
            _ => {}
        }
    }
    all.retain(|run| !run.is_empty());
    if steps {
        all.iter_mut().for_each(merge_level);
    }
    all
}

/// Steps of equal height are one: a day that never changes is two points.
fn merge_level(run: &mut Vec<(f64, f64)>) {
    let mut kept: Vec<(f64, f64)> = Vec::with_capacity(run.len());
    for point in run.drain(..) {
        if let [.., first, second] = kept.as_mut_slice()
            && first.1.total_cmp(&second.1).is_eq()
            && second.1.total_cmp(&point.1).is_eq()
        {
            *second = point;
        } else {
            kept.push(point);
        }
    }
    *run = kept;
}

/// Labels of the value axis: from nought in up to five round steps.
fn ticks(highest: f64, whole: bool) -> Vec<f64> {
    let wanted = (highest / 4.0).max(if whole { 1.0 } else { 1e-3 });
    let power = 10_f64.powf(wanted.log10().floor());
    let factors: &[f64] = if whole { &[1.0, 2.0, 5.0, 10.0] } else { &[1.0, 2.0, 2.5, 5.0, 10.0] };
    let step = factors.iter().map(|factor| factor * power).find(|step| *step >= wanted * 0.999).unwrap_or(wanted);
    let count = (highest / step).ceil().clamp(1.0, 6.0);
    (0..=6).map(f64::from).filter(|number| *number <= count).map(|number| number * step).collect()
}

/// Steps between labels of hours, in seconds.
const STEPS_OF_A_DAY: [i64; 5] = [900, 1_800, 3_600, 7_200, 14_400];

/// Whole instants that get a label: every ten minutes, up to four hours, day, or five days; more days apart where a month is not
/// enough, and less than four hours where it is no whole day.
fn times(reach: Reach, (from, to): (i64, i64)) -> Vec<f64> {
    let every = match reach {
        Reach::Hour => 600,
        Reach::Day => STEPS_OF_A_DAY.into_iter().find(|step| (to - from) / step < 8).unwrap_or(14_400),
        Reach::Week => 86_400,
        Reach::Month => 5 * 86_400 * ((to - from) / (40 * 86_400) + 1),
    };
    let first = (from + every - 1).div_euclid(every) * every;
    (0..16).map(|number| first + number * every).take_while(|second| *second <= to).map(|second| second as f64).collect()
}

fn time_label(second: f64, reach: Reach) -> String {
    let at = Timestamp::from_secs(second as i64);
    match reach {
        Reach::Hour | Reach::Day => at.clock_time().get(..5).unwrap_or_default().to_owned(),
        // `2 May 09:41` as of a later day of the same year; the year itself would be nothing new
        Reach::Week | Reach::Month => {
            let said = at.clock_or_date(at.plus(std::time::Duration::from_secs(86_401)));
            said.rsplit_once(' ').map_or(said.clone(), |(day, _)| day.to_owned())
        }
    }
}

/// `0`, `2.5`, `1,200`: as few digits as tell it.
pub fn number(value: f64) -> String {
    if value >= 1_000.0 {
        domain::text::grouped(value.round() as u64)
    } else if value > 0.0 && value < 0.1 {
        let digits = format!("{value:.4}");
        digits.trim_end_matches('0').trim_end_matches('.').to_owned()
    } else if (value - value.round()).abs() < 0.005 {
        format!("{value:.0}")
    } else if value >= 10.0 {
        format!("{value:.1}")
    } else {
        format!("{value:.2}")
    }
}

/// Classes for colours, and a root that scales and says what it shows.
fn dressed(drawn: &str, words: &str) -> String {
    let body = drawn.split_once('>').map_or(drawn, |(_, body)| body);
    let mut out = format!(
        "<svg class=\"plot\" viewBox=\"0 0 {} {}\" role=\"img\" aria-label=\"{}\" xmlns=\"http://www.w3.org/2000/svg\">",
        SIZE.0,
        SIZE.1,
        crate::history::safe(words)
    );
    out.push_str(body);
    for (RGBColor(red, green, blue), class) in ROLES {
        let (colour, class) = (format!("#{red:02X}{green:02X}{blue:02X}"), format!("class=\"{class}\""));
        out = out.replace(&format!("stroke=\"{colour}\""), &class).replace(&format!("fill=\"{colour}\""), &class);
    }
    out.replace(" opacity=\"1\"", "").replace(" font-family=\"sans-serif\"", "").replace(" stroke=\"none\"", "")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn line(values: &[Option<f64>]) -> Line {
        Line { start: 1_777_716_000, width: 600, values: values.to_vec() }
    }

    fn drawn(lines: &[Line], steps: bool) -> Option<String> {
        let span = (1_777_716_000, 1_777_716_000 + 86_400);
        svg(&Picture {
            reach: Reach::Day,
            span,
            lines,
            steps,
            whole: steps,
            top: None,
            gaps: &[(span.0 + 3_600, span.0 + 7_200)],
            marks: &[(span.0 + 60, Mark::Deployment), (span.0 + 70, Mark::Stop), (span.0 + 80, Mark::Alarm), (5, Mark::Stop)],
            words: "<b>\"x\" & y",
        })
    }

    #[test]
    fn a_gap_breaks_the_line_and_a_lonely_point_is_seen() {
        let svg = drawn(&[line(&[Some(1.0), Some(2.0), None, Some(3.0), None, Some(1.0), Some(1.5)])], false).unwrap();
        assert_eq!(svg.matches("class=\"p-1\"").count(), 3, "{svg}");
        assert_eq!(svg.matches("<circle").count(), 1);
        assert_eq!(svg.matches("class=\"p-gap\"").count(), 1);
        for class in ["p-deployment", "p-stop", "p-alarm"] {
            assert_eq!(svg.matches(&format!("class=\"{class}\"")).count(), 1, "{class}");
        }
    }

    #[test]
    fn nothing_of_it_is_a_colour_a_style_or_a_way_out() {
        let svg =
            drawn(&[line(&[Some(1.0), Some(f64::NAN), Some(2.0), Some(2.0)]), line(&[Some(0.5); 7]), line(&[Some(0.1); 7])], true).unwrap();
        assert!(!svg.contains('#') && !svg.contains("style=") && !svg.contains("<b>"), "{svg}");
        assert!(svg.contains("aria-label=\"&lt;b&gt;&quot;x&quot; &amp; y\"") && svg.contains("role=\"img\""));
        assert_eq!(svg.matches("<svg").count(), svg.matches("</svg>").count());
    }

    #[test]
    fn nothing_known_is_no_picture() {
        assert_eq!(drawn(&[line(&[None, None])], false), None);
        assert_eq!(drawn(&[line(&[Some(f64::INFINITY)])], false), None);
        assert!(drawn(&[line(&[Some(0.0)])], true).is_some());
    }

    #[test]
    fn a_break_has_its_word_and_an_axis_may_end_where_it_is_told() {
        let span = (1_777_716_000, 1_777_716_000 + 86_400);
        let words = [(span.0 + 60, Mark::Break("score card")), (span.1 - 60, Mark::Break("formula")), (span.1 - 30, Mark::Break(""))];
        let (lines, words_of_it) = ([line(&[Some(62.0); 7])], "the score");
        let picture = |top| Picture {
            reach: Reach::Day,
            span,
            lines: &lines,
            steps: true,
            whole: true,
            top,
            gaps: &[],
            marks: &words,
            words: words_of_it,
        };
        let told = svg(&picture(Some(100.0))).unwrap();
        assert_eq!(told.matches("class=\"p-break\"").count(), 3, "{told}");
        for (word, anchor) in [("score card", "start"), ("formula", "end")] {
            let text = told.split("<text").find(|text| text.contains(word)).unwrap_or_else(|| panic!("no {word} in {told}"));
            assert!(text.contains(&format!("text-anchor=\"{anchor}\"")) && text.contains("class=\"p-text\""), "{text}");
        }
        let labelled = |told: &str, label: &str| told.lines().any(|said| said.trim() == label);
        assert!(labelled(&told, "100") && labelled(&told, "75"), "{told}");
        assert!(!labelled(&svg(&picture(None)).unwrap(), "100"), "62 needs no hundred");
        assert!(!told.contains('#'), "{told}");
    }

    #[test]
    fn axes_have_round_labels() {
        assert_eq!(ticks(2.0, true), [0.0, 1.0, 2.0]);
        assert_eq!(ticks(0.0, true), [0.0, 1.0]);
        assert_eq!(ticks(83.0, false), [0.0, 25.0, 50.0, 75.0, 100.0]);
        for highest in [0.004, 0.7, 3.3, 99.0, 1_234.0, 5e9] {
            let all = ticks(highest, false);
            assert!(*all.last().unwrap() >= highest * 0.999 && (2..=7).contains(&all.len()), "{highest}: {all:?}");
        }
        for (value, said) in [
            (0.0, "0"),
            (0.0033, "0.0033"),
            (0.05, "0.05"),
            (0.00001, "0"),
            (2.5, "2.50"),
            (25.04, "25.0"),
            (12_345.6, "12,346"),
            (100.0, "100"),
        ] {
            assert_eq!(number(value), said);
        }
    }

    #[test]
    fn the_time_axis_is_labelled_at_whole_times() {
        let to: i64 = 1_777_716_123;
        for reach in Reach::ALL {
            let all = times(reach, (to - reach.seconds(), to));
            assert!((5..=8).contains(&all.len()), "{reach:?}: {}", all.len());
        }
        for minutes in [61, 100, 150, 200, 400, 800, 1_300] {
            let all = times(Reach::Day, (to - minutes * 60, to));
            assert!((3..=8).contains(&all.len()), "{minutes} minutes: {}", all.len());
        }
        for days in [31, 60, 90, 200, 366, 3_000] {
            let all = times(Reach::Month, (to - days * 86_400, to));
            assert!((5..=9).contains(&all.len()), "{days} days: {}", all.len());
            assert!(all.last().is_some_and(|last| to as f64 - last < (days * 86_400) as f64 / 4.0), "{days} days: {all:?}");
        }
        assert_eq!(time_label(1_777_714_800.0, Reach::Day), "09:40");
        assert_eq!(time_label(1_777_714_800.0, Reach::Month), "2 May");
    }
}
