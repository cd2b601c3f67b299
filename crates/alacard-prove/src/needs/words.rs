//! Command lines as a shell splits them.

/// The simple commands of a line, each as its words without quotes. A comment ends the line.
pub(crate) fn commands(line: &str) -> Vec<Vec<String>> {
    let mut splitter = Splitter::default();
    let mut escaped = false;
    for c in line.chars() {
        if escaped {
            splitter.letter(c);
            escaped = false;
            continue;
        }
        match (splitter.quote, c) {
            (Some(open), c) if c == open => splitter.quote = None,
            (Some(_), c) => splitter.letter(c),
            (None, '\\') => escaped = true,
            (None, '"' | '\'') => splitter.open(c),
            (None, '#') if splitter.word.is_none() => break,
            (None, c) if c.is_whitespace() => splitter.end_word(),
            (None, ';' | '&' | '|') if !splitter.is_redirect() => splitter.end_command(),
            (None, c) => splitter.letter(c),
        }
    }
    splitter.end_command();
    splitter.commands
}

#[derive(Default)]
struct Splitter {
    commands: Vec<Vec<String>>,
    words: Vec<String>,
    word: Option<String>,
    quote: Option<char>,
}

impl Splitter {
    fn letter(&mut self, c: char) {
        self.word.get_or_insert_default().push(c);
    }

    fn open(&mut self, quote: char) {
        self.word.get_or_insert_default();
        self.quote = Some(quote);
    }

    fn end_word(&mut self) {
        self.words.extend(self.word.take());
    }

    fn end_command(&mut self) {
        self.end_word();
        if !self.words.is_empty() {
            self.commands.push(std::mem::take(&mut self.words));
        }
    }

    /// `2>&1`: the `&` belongs to the word.
    fn is_redirect(&self) -> bool {
        self.word.as_ref().is_some_and(|word| word.ends_with('>'))
    }
}

#[cfg(test)]
mod tests {
    use super::commands;

    #[test]
    fn lines_are_split_as_a_shell_does() {
        for (line, wanted) in [
            (
                "pip install -q \"a[b] >= 1\" c # d",
                vec![vec!["pip", "install", "-q", "a[b] >= 1", "c"]],
            ),
            (
                "apt update && apt install -y x; ls",
                vec![
                    vec!["apt", "update"],
                    vec!["apt", "install", "-y", "x"],
                    vec!["ls"],
                ],
            ),
            (
                "pip install a 2>&1 | tail",
                vec![vec!["pip", "install", "a", "2>&1"], vec!["tail"]],
            ),
            ("pip install x#y \\", vec![vec!["pip", "install", "x#y"]]),
            ("", vec![]),
        ] {
            assert_eq!(commands(line), wanted, "{line}");
        }
    }
}
