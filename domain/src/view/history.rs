//! A service over time: plots as pictures, or their numbers for whoever reads JSON or CSV.

use serde::{Deserialize, Serialize};

use crate::Timestamp;
use crate::customers::{CustomerRow, Feeling};
use crate::series::Reach;
use crate::service::ServiceKey;

/// A service's history.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct History {
    /// The store's revision this was read at.
    pub revision: u64,
    /// The service.
    pub key: ServiceKey,
    /// How far back.
    pub reach: Reach,
    /// Beginning of the span.
    pub from: Timestamp,
    /// End of the span: now.
    pub to: Timestamp,
    /// One plot a subject, most telling first.
    pub plots: Vec<Plot>,
    /// What its customers feel, where it stands behind a load balancer.
    pub customers: Option<CustomerRow>,
    /// Why they are not well.
    pub feeling: Option<Feeling>,
    /// What must be known to read the plots: gaps of the source, a slowed pace.
    pub notes: Vec<String>,
}

/// A service's history as a piece of a page: made on the server, so that the browser's half stays small.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct HistoryPanel {
    /// The store's revision this was read at.
    pub revision: u64,
    /// HTML made by us; every name in it is escaped.
    pub html: String,
}

/// One plot.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Plot {
    /// `tasks`, `cpu`, `memory`, `connections`, `messages`, `requests`, `latency`, `targets`: its anchor.
    pub id: String,
    /// Its heading.
    pub title: String,
    /// What it shows, in words: the picture's text alternative.
    pub summary: String,
    /// Unit of its values.
    pub unit: String,
    /// The picture; absent where numbers were asked for, or where nothing is known.
    pub svg: Option<String>,
    /// Its lines.
    pub lines: Vec<PlotLine>,
    /// When the newest of its points is.
    pub newest: Option<Timestamp>,
}

/// One line of a plot.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct PlotLine {
    /// What it is: `running`, `average`, …
    pub label: String,
    /// Its newest value in words.
    pub newest: String,
    /// Its points as (instant, value), oldest first, nothing where nothing is known; empty where a picture was asked for.
    pub points: Vec<(Timestamp, Option<f64>)>,
}

impl History {
    /// The numbers as CSV: one row an instant and line. Only what is known has a row.
    pub fn csv(&self) -> String {
        let mut out = String::from("time,plot,line,unit,value\r\n");
        for plot in &self.plots {
            for line in &plot.lines {
                for (at, value) in line.points.iter().filter_map(|(at, value)| Some((at, (*value)?))) {
                    // plot, line and unit are our own words without commas; names from outside do not stand in here
                    out.push_str(&format!("{at},{},{},{},{value:.4}\r\n", plot.id, line.label, plot.unit));
                }
            }
        }
        out
    }
}
