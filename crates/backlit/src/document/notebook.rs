//! A page as a Jupyter notebook.

use super::markdown::{self, Reader};
use super::{Block, Document, listing};
use backlit_engine::typeset::visible;
use serde_json::{Value, json};

/// The page as a notebook, format 4.5: words and equations in Markdown cells, Python in code cells that have not been run. The same
/// page gives the same notebook, names of cells included.
pub fn notebook(document: &Document) -> String {
    let mut cells: Vec<(bool, Vec<String>)> = Vec::new();
    if !document.title.is_empty() {
        let heading = Block::Heading(2, document.title.clone());
        // The page's own heading is one level above those in it.
        cells.push((false, vec![markdown::block(&heading, Reader::Notebook)[1..].to_owned()]));
    }
    for block in &document.blocks {
        if let Block::Code { language: "python", text } = block {
            cells.push((true, vec![listing(text).collect::<Vec<_>>().join("\n")]));
            continue;
        }
        if matches!(block, Block::Heading(..)) || cells.last().is_none_or(|(code, _)| *code) {
            cells.push((false, Vec::new()));
        }
        if let Some((_, blocks)) = cells.last_mut() {
            blocks.push(markdown::block(block, Reader::Notebook));
        }
    }
    let cells: Vec<Value> = cells.iter().enumerate().map(|(i, (code, blocks))| cell(i, *code, &blocks.join("\n\n"))).collect();
    let kernel = json!({"display_name": "Python 3", "language": "python", "name": "python3"});
    let whole = json!({
        "cells": cells,
        "metadata": {"kernelspec": kernel, "language_info": {"name": "python"}, "title": visible(&document.title)},
        "nbformat": 4,
        "nbformat_minor": 5,
    });
    format!("{whole:#}\n")
}

fn cell(number: usize, code: bool, text: &str) -> Value {
    let id = format!("cell-{}", number + 1);
    let source: Vec<&str> = text.split_inclusive('\n').collect();
    match code {
        true => json!({"cell_type": "code", "execution_count": null, "id": id, "metadata": {}, "outputs": [], "source": source}),
        false => json!({"cell_type": "markdown", "id": id, "metadata": {}, "source": source}),
    }
}
