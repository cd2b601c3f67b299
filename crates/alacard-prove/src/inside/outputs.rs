//! What a cell puts out, collected from the kernel's messages the way a notebook file holds it,
//! and bounded.

use serde_json::{Map, Value, json};

use crate::wire::CellError;

/// Lines of a traceback that are kept.
const TRACEBACK_LINES: usize = 24;
/// Characters of an error's message that are kept.
const MESSAGE_CHARS: usize = 2000;

/// Outputs of one cell.
#[derive(Debug)]
pub(crate) struct Outputs {
    list: Vec<Value>,
    /// Display ids of the outputs at the same places.
    names: Vec<Option<String>>,
    clear_first: bool,
    room: usize,
    printed: u64,
    cut: bool,
    error: Option<CellError>,
}

impl Outputs {
    /// An empty collection with room for so many bytes.
    pub(crate) fn new(room: usize) -> Self {
        Self {
            list: Vec::new(),
            names: Vec::new(),
            clear_first: false,
            room,
            printed: 0,
            cut: false,
            error: None,
        }
    }

    /// The error, when there was one.
    pub(crate) fn error(&self) -> Option<&CellError> {
        self.error.as_ref()
    }

    /// Bytes that were put out before anything was cut.
    pub(crate) fn printed(&self) -> u64 {
        self.printed
    }

    /// Takes one message.
    pub(crate) fn take(&mut self, kind: &str, content: &Value) {
        match kind {
            "stream" => self.stream(content),
            "display_data" => self.rich("display_data", content),
            "execute_result" => self.rich("execute_result", content),
            "update_display_data" => self.update(content),
            "error" => self.fail(content),
            "clear_output" => self.clear(content["wait"] == true),
            _ => {}
        }
    }

    fn clear(&mut self, wait: bool) {
        self.clear_first = wait;
        if !wait {
            self.empty();
        }
    }

    fn empty(&mut self) {
        self.list.clear();
        self.names.clear();
        self.clear_first = false;
    }

    /// Whether so many bytes still fit; what does not fit is counted and left out.
    fn admit(&mut self, bytes: usize) -> bool {
        self.printed = self.printed.saturating_add(bytes as u64);
        if self.clear_first {
            self.empty();
        }
        if bytes > self.room {
            self.cut = true;
            return false;
        }
        self.room -= bytes;
        true
    }

    fn stream(&mut self, content: &Value) {
        let name = content["name"].as_str().unwrap_or("stdout").to_owned();
        let text = content["text"].as_str().unwrap_or_default();
        if !self.admit(text.len()) {
            return;
        }
        if let Some(last) = self.list.last_mut()
            && last["output_type"] == "stream"
            && last["name"] == name.as_str()
            && let Some(Value::String(before)) = last.get_mut("text")
        {
            before.push_str(text);
            if text.contains('\r') {
                *before = fold(before);
            }
            return;
        }
        self.push(
            json!({"output_type": "stream", "name": name, "text": fold(text)}),
            None,
        );
    }

    fn rich(&mut self, kind: &str, content: &Value) {
        if !self.admit(size(&content["data"])) {
            return;
        }
        let mut output = json!({
            "output_type": kind,
            "data": content["data"],
            "metadata": content.get("metadata").cloned().unwrap_or_else(|| json!({})),
        });
        if kind == "execute_result" {
            output["execution_count"] = content["execution_count"].clone();
        }
        let name = content["transient"]["display_id"]
            .as_str()
            .map(str::to_owned);
        self.push(output, name);
    }

    fn update(&mut self, content: &Value) {
        let Some(id) = content["transient"]["display_id"].as_str() else {
            return;
        };
        for (output, name) in self.list.iter_mut().zip(&self.names) {
            if name.as_deref() == Some(id) {
                output["data"] = content["data"].clone();
                output["metadata"] = content["metadata"].clone();
            }
        }
    }

    fn fail(&mut self, content: &Value) {
        let lines = content["traceback"].as_array().into_iter().flatten();
        let text: String = lines
            .filter_map(Value::as_str)
            .collect::<Vec<_>>()
            .join("\n");
        let plain = without_colours(&text);
        let all: Vec<String> = plain.lines().map(str::to_owned).collect();
        let from = all.len().saturating_sub(TRACEBACK_LINES);
        self.error = Some(CellError {
            name: content["ename"].as_str().unwrap_or("Error").to_owned(),
            message: content["evalue"]
                .as_str()
                .unwrap_or_default()
                .chars()
                .take(MESSAGE_CHARS)
                .collect(),
            traceback: all.into_iter().skip(from).collect(),
        });
        let mut output = Map::new();
        output.insert("output_type".to_owned(), "error".into());
        for key in ["ename", "evalue", "traceback"] {
            output.insert(key.to_owned(), content[key].clone());
        }
        if self.admit(text.len()) {
            self.push(Value::Object(output), None);
        }
    }

    fn push(&mut self, output: Value, name: Option<String>) {
        self.list.push(output);
        self.names.push(name);
    }

    /// The outputs, with a line that says so when something was left out.
    pub(crate) fn finish(mut self) -> Vec<Value> {
        if self.cut {
            let text = format!("[output cut: {} bytes were put out]\n", self.printed);
            self.push(
                json!({"output_type": "stream", "name": "stderr", "text": text}),
                None,
            );
        }
        self.list
    }
}

/// Bytes of a bundle of representations.
fn size(data: &Value) -> usize {
    let entries = data.as_object().into_iter().flatten();
    entries
        .map(|(_, value)| {
            value
                .as_str()
                .map_or_else(|| value.to_string().len(), str::len)
        })
        .sum()
}

/// What a terminal would show: a carriage return goes back to the beginning of its line, so only
/// the last state of a progress bar stays.
fn fold(text: &str) -> String {
    if !text.contains('\r') {
        return text.to_owned();
    }
    let text = text.replace("\r\n", "\n");
    let shown = text.split('\n').map(|line| {
        let line = line.strip_suffix('\r').unwrap_or(line);
        line.rsplit('\r').next().unwrap_or(line)
    });
    shown.collect::<Vec<_>>().join("\n")
}

/// The text without terminal colours.
pub(crate) fn without_colours(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut characters = text.chars().peekable();
    while let Some(c) = characters.next() {
        if c == '\u{1b}' && characters.peek() == Some(&'[') {
            characters.next();
            for end in characters.by_ref() {
                if ('\u{40}'..='\u{7e}').contains(&end) {
                    break;
                }
            }
        } else {
            plain.push(c);
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    fn printed(outputs: &mut Outputs, text: &str) {
        outputs.take("stream", &json!({"name": "stdout", "text": text}));
    }

    #[test]
    fn progress_bars_fold_also_across_messages() {
        let mut outputs = Outputs::new(1000);
        for text in ["10%", "\r50%", "\r100%\n", "done\n"] {
            printed(&mut outputs, text);
        }
        assert_eq!(outputs.finish()[0]["text"], "100%\ndone\n");
    }

    #[test]
    fn outputs_are_bounded_and_say_so() {
        let mut outputs = Outputs::new(10);
        printed(&mut outputs, "12345");
        printed(&mut outputs, &"x".repeat(100));
        assert_eq!(outputs.printed(), 105);
        let list = outputs.finish();
        assert_eq!(list[0]["text"], "12345");
        assert!(list[1]["text"].as_str().unwrap().contains("105 bytes"));
    }

    #[test]
    fn clear_output_waits_for_the_next_one() {
        let mut outputs = Outputs::new(100);
        printed(&mut outputs, "a");
        outputs.take("clear_output", &json!({"wait": true}));
        printed(&mut outputs, "b");
        assert_eq!(outputs.finish()[0]["text"], "b");
    }

    #[test]
    fn a_display_is_updated_in_place() {
        let mut outputs = Outputs::new(100);
        let named = |text: &str| json!({"data": {"text/plain": text}, "metadata": {}, "transient": {"display_id": "d"}});
        outputs.take("display_data", &named("1"));
        outputs.take("update_display_data", &named("2"));
        let list = outputs.finish();
        assert_eq!(list.len(), 1);
        assert_eq!(list[0]["data"]["text/plain"], "2");
    }

    #[test]
    fn errors_lose_their_colours() {
        let mut outputs = Outputs::new(1000);
        outputs.take(
            "error",
            &json!({"ename": "E", "evalue": "v", "traceback": ["\u{1b}[0;31mE\u{1b}[0m: v"]}),
        );
        assert_eq!(outputs.error().unwrap().traceback, ["E: v"]);
    }
}
