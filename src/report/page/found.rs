//! What was found out about clips that have rows all the same.

use crate::dataset::Dataset;

use super::Text;

/// The section; nothing where nothing was found.
pub(super) fn section(dataset: &Dataset) -> String {
    let lines = dataset.splits.iter().flat_map(|split| {
        let written = &split.written;
        written.found.iter().map(|(finding, found)| {
            format!(
                "<tr><td>{}</td><td>{}</td><td class=\"n\">{}</td><td class=\"long\">{}</td></tr>\n",
                Text(&written.name),
                Text(finding.words()),
                found.clips,
                Text(found.examples.join(", "))
            )
        })
    });
    let lines: String = lines.collect();
    if lines.is_empty() {
        return String::new();
    }
    format!(
        "<h2>Clips to look at</h2>\n<p class=\"soft\">They have rows, which may not be what was meant.</p>\n\
         <div class=\"card scroll\"><table><tr><th>split</th><th>found</th><th class=\"n\">clips</th><th>for example</th></tr>\n{lines}</table></div>\n"
    )
}
