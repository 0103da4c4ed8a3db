//! A drawing as a PNG picture, on white paper. Its letters are DejaVu's, which the program carries, and no font of the system is asked:
//! the same drawing gives the same bytes wherever the program runs.

use resvg::tiny_skia::{Color, Pixmap, Transform};
use resvg::usvg::fontdb::{Database, Source};
use resvg::usvg::{Options, Tree};
use std::sync::Arc;

/// Dots for each unit of the drawing.
const SCALE: f32 = 2.0;

/// Takes an `<svg>` element. `Err` says why there is no picture.
pub fn of(svg: &str) -> Result<Vec<u8>, String> {
    let mut fonts = Database::new();
    for letters in [dejavu::sans::regular(), dejavu::sans::bold()] {
        fonts.load_font_source(Source::Binary(Arc::new(letters)));
    }
    let options = Options { fontdb: Arc::new(fonts), font_family: "DejaVu Sans".into(), ..Options::default() };
    let tree = Tree::from_str(svg, &options).map_err(|error| error.to_string())?;
    let size = tree.size().to_int_size().scale_by(SCALE).ok_or("it is too large")?;
    let mut picture = Pixmap::new(size.width(), size.height()).ok_or("it is too large")?;
    picture.fill(Color::WHITE);
    resvg::render(&tree, Transform::from_scale(SCALE, SCALE), &mut picture.as_mut());
    picture.encode_png().map_err(|error| error.to_string())
}
