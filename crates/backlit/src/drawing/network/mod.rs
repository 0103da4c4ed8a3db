//! A network from left to right, with the values in its units and the light on its edges.

mod draw;
mod labels;
mod layout;
mod words;

/// A network as a picture.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Diagram {
    /// Above the picture.
    pub title: String,
    /// From left to right.
    pub columns: Vec<Column>,
    /// Lines between units. One whose ends are not among the columns is left out.
    pub edges: Vec<Edge>,
}

/// A layer.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Column {
    /// Above the column.
    pub heading: String,
    /// How many units there are, biases not counted; where fewer are shown, the picture says so.
    pub total: usize,
    /// Those shown, from top to bottom.
    pub units: Vec<Unit>,
}

/// A unit, or a bias.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Unit {
    /// `h1`
    pub name: String,
    /// Below the name: `a = 0.5933`, `∂C/∂z = 0.137`.
    pub lines: Vec<String>,
    /// Its share of what is explained, 0 to 1.
    pub light: f64,
    /// Whether it is the constant 1 of a bias.
    pub bias: bool,
}

/// A line from a unit to another.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Edge {
    /// (column, unit) where it starts.
    pub from: (usize, usize),
    /// (column, unit) where it ends.
    pub to: (usize, usize),
    /// On the line: `w1 = 0.15`.
    pub label: Option<String>,
    /// Its share of what is explained, 0 to 1.
    pub light: f64,
    /// Whether its weight is positive (1) or negative (-1, drawn dashed); 0 where that has no meaning.
    pub weight_sign: i8,
}

impl Diagram {
    /// The picture: one `<svg>` element. The more light, the thicker a line and a unit's rim; lit lines have an arrow.
    pub fn svg(&self) -> String {
        draw::draw(self)
    }

    /// The picture in words; of large networks the brightest part.
    pub fn alternative(&self) -> String {
        words::alternative(self)
    }
}

/// A share, whatever came.
fn light(share: f64) -> f64 {
    if share > 0.0 { share.min(1.0) } else { 0.0 }
}
