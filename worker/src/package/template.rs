//! Text with holes. A manifest is written once per segment and completed once per request, which costs little more than
//! the copy.

use std::borrow::Cow;

/// A finished manifest but for what differs between requests.
#[derive(Debug, Default)]
pub(super) struct Template {
    text: String,
    /// Positions in `text`, ascending.
    holes: Vec<(usize, Hole)>,
}

/// What is filled in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Hole {
    /// `folder/`, or nothing.
    Folder,
    /// `?query`, or nothing.
    Query,
    /// The same inside an XML attribute that DASH expands (`$` is an identifier there).
    DashQuery,
    /// `<Location>…</Location>`, or nothing.
    Location,
    /// The server's time, RFC 3339.
    Now,
}

/// One request's values.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Values<'a> {
    pub(super) folder: &'a str,
    /// URL-encoded, without the question mark.
    pub(super) query: &'a str,
    pub(super) location: Option<&'a str>,
    pub(super) now: &'a str,
}

impl Template {
    pub(super) fn push(&mut self, text: &str) {
        self.text.push_str(text);
    }

    pub(super) fn hole(&mut self, hole: Hole) {
        self.holes.push((self.text.len(), hole));
    }

    /// Another template's text and holes, after this one's.
    pub(super) fn append(&mut self, other: Self) {
        let offset = self.text.len();
        self.text.push_str(&other.text);
        self.holes.extend(other.holes.into_iter().map(|(at, hole)| (at + offset, hole)));
    }

    pub(super) fn render(&self, values: &Values<'_>) -> String {
        let query = values.query_string();
        let has_dash = self.holes.iter().any(|&(_, hole)| hole == Hole::DashQuery);
        let dash_query = if has_dash { xml(&query).replace('$', "$$") } else { String::new() };
        let folder = if values.folder.is_empty() { String::new() } else { format!("{}/", values.folder) };
        let location =
            values.location.map(|location| format!("<Location>{}</Location>\n", xml(location))).unwrap_or_default();
        let fill = |hole| match hole {
            Hole::Folder => folder.as_str(),
            Hole::Query => &query,
            Hole::DashQuery => &dash_query,
            Hole::Location => &location,
            Hole::Now => values.now,
        };
        let filled: usize = self.holes.iter().map(|&(_, hole)| fill(hole).len()).sum();
        let mut out = String::with_capacity(self.text.len() + filled);
        let mut done = 0;
        for &(at, hole) in &self.holes {
            out.push_str(&self.text[done..at]);
            out.push_str(fill(hole));
            done = at;
        }
        out.push_str(&self.text[done..]);
        out
    }
}

impl std::fmt::Write for Template {
    fn write_str(&mut self, text: &str) -> std::fmt::Result {
        self.push(text);
        Ok(())
    }
}

impl Values<'_> {
    /// With its question mark. A character that no URL has, and that could end a quoted attribute or a line of a
    /// playlist, is encoded here if a caller has not.
    fn query_string(&self) -> String {
        if self.query.is_empty() {
            return String::new();
        }
        let is_odd = |byte: u8| byte <= b' ' || matches!(byte, b'"' | b'<' | b'>' | 0x7F);
        let mut text = String::with_capacity(self.query.len() + 1);
        text.push('?');
        if !self.query.bytes().any(is_odd) {
            text.push_str(self.query);
            return text;
        }
        for character in self.query.chars() {
            match u8::try_from(character) {
                Ok(byte) if is_odd(byte) => text.push_str(&format!("%{byte:02X}")),
                _ => text.push(character),
            }
        }
        text
    }
}

/// Escapes text for element content and attributes in double quotes.
pub(super) fn xml(text: &str) -> Cow<'_, str> {
    if !text.contains(['&', '<', '>', '"']) {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn template(holes: &[Hole]) -> Template {
        let mut template = Template::default();
        for &hole in holes {
            template.push("[");
            template.hole(hole);
            template.push("]");
        }
        template
    }

    #[test]
    fn holes_are_filled_in_place() {
        let template = template(&[Hole::Folder, Hole::Query, Hole::Location, Hole::Now]);
        assert_eq!(template.render(&Values::default()), "[][][][]");
        let values = Values { folder: "cam", query: "t=1&u=2", location: Some("/a?b&c"), now: "12" };
        assert_eq!(template.render(&values), "[cam/][?t=1&u=2][<Location>/a?b&amp;c</Location>\n][12]");
    }

    #[test]
    fn a_query_can_neither_leave_its_attribute_nor_become_a_template_of_dash() {
        let template = template(&[Hole::Query, Hole::DashQuery]);
        let values = Values { query: "a=\"\n#$Number$&b", ..Values::default() };
        assert_eq!(template.render(&values), "[?a=%22%0A#$Number$&b][?a=%22%0A#$$Number$$&amp;b]");
    }
}
