//! A small strict reader of XML: elements, attributes and text, nothing else. What it does not know it refuses.

/// An element.
#[derive(Clone, Debug, Default)]
pub struct Element {
    pub tag: String,
    pub attributes: Vec<(String, String)>,
    pub children: Vec<Element>,
    /// The text directly inside.
    pub text: String,
}

impl Element {
    pub fn get(&self, name: &str) -> Option<&str> {
        self.attributes.iter().find(|(key, _)| key == name).map(|(_, value)| value.as_str())
    }

    /// An attribute that is a number.
    pub fn number(&self, name: &str) -> f64 {
        let value = self.get(name).unwrap_or_else(|| panic!("{} has no {name}", self.tag));
        value.parse().unwrap_or_else(|_| panic!("{name}=\"{value}\" is no number"))
    }

    /// This element and all inside, from top to bottom.
    pub fn all(&self) -> Vec<&Element> {
        std::iter::once(self).chain(self.children.iter().flat_map(Element::all)).collect()
    }

    pub fn tagged(&self, tag: &str) -> Vec<&Element> {
        self.all().into_iter().filter(|element| element.tag == tag).collect()
    }

    pub fn child(&self, tag: &str) -> Option<&Element> {
        self.children.iter().find(|child| child.tag == tag)
    }
}

/// Reads one element with all inside; the error says what is wrong and where.
pub fn parse(text: &str) -> Result<Element, String> {
    if let Some(c) = text.chars().find(|&c| !matches!(c, '\n' | ' '..='\u{7e}' | '\u{a0}'..='\u{fffd}' | '\u{10000}'..)) {
        return Err(format!("{c:?} has no place in XML"));
    }
    let mut open: Vec<Element> = vec![Element::default()];
    let mut rest = text;
    while !rest.is_empty() {
        let at = text.len() - rest.len();
        let Some(tag) = rest.strip_prefix('<') else {
            let end = rest.find('<').unwrap_or(rest.len());
            open.last_mut().ok_or("text outside")?.text += &unescape(&rest[..end])?;
            rest = &rest[end..];
            continue;
        };
        let end = tag.find('>').ok_or(format!("'<' at {at} has no '>'"))?;
        let inside = &tag[..end];
        rest = &tag[end + 1..];
        if let Some(name) = inside.strip_prefix('/') {
            let done = open.pop().ok_or("nothing is open")?;
            if done.tag != name {
                return Err(format!("</{name}> at {at} closes <{}>", done.tag));
            }
            open.last_mut().ok_or(format!("</{name}> at {at} closes nothing"))?.children.push(done);
        } else {
            let (inside, closed) = inside.strip_suffix('/').map_or((inside, false), |inside| (inside, true));
            let element = element(inside).map_err(|wrong| format!("<{inside}> at {at}: {wrong}"))?;
            if closed { open.last_mut().ok_or("nothing is open")?.children.push(element) } else { open.push(element) }
        }
    }
    match open.as_mut_slice() {
        [root] if root.children.len() == 1 && root.text.trim().is_empty() => Ok(root.children.remove(0)),
        [root] => Err(format!("{} elements and {:?} on top", root.children.len(), root.text.trim())),
        _ => Err(format!("<{}> is not closed", open[open.len() - 1].tag)),
    }
}

fn element(inside: &str) -> Result<Element, String> {
    let end = inside.find(' ').unwrap_or(inside.len());
    let mut element = Element { tag: inside[..end].into(), ..Element::default() };
    if element.tag.is_empty() || !element.tag.chars().all(|c| c.is_ascii_alphanumeric()) {
        return Err("no name".into());
    }
    let mut rest = &inside[end..];
    while !rest.is_empty() {
        rest = rest.strip_prefix(' ').ok_or("no space before an attribute")?;
        let (name, after) = rest.split_once("=\"").ok_or("an attribute without a quoted value")?;
        let (value, after) = after.split_once('"').ok_or("an open quote")?;
        if name.is_empty() || !name.chars().all(|c| c.is_ascii_alphanumeric() || c == '-') || element.get(name).is_some() {
            return Err(format!("attribute '{name}'"));
        }
        element.attributes.push((name.into(), unescape(value)?));
        rest = after;
    }
    Ok(element)
}

fn unescape(text: &str) -> Result<String, String> {
    let mut parts = text.split('&');
    let mut out = parts.next().unwrap_or("").to_string();
    for part in parts {
        let (name, after) = part.split_once(';').ok_or(format!("'&{part}' is no entity"))?;
        out += match name {
            "amp" => "&",
            "lt" => "<",
            "gt" => ">",
            "quot" => "\"",
            "#39" => "'",
            _ => return Err(format!("&{name}; is not known")),
        };
        out += after;
    }
    Ok(out)
}
