//! What long recordings came to.

use crate::dataset::Dataset;

use super::Text;

/// The section; nothing where there are no recordings.
pub(super) fn section(dataset: &Dataset) -> String {
    let lines = dataset.splits.iter().filter_map(|split| {
        let hours = split.written.hours.as_ref()?;
        Some(format!(
            "<tr><td>{}</td><td class=\"n\">{}</td><td class=\"n\">{:.2}</td><td class=\"n\">{:.2}</td><td class=\"n\">{}</td><td class=\"n\">{}</td><td class=\"n\">{}</td></tr>\n",
            Text(&split.written.name),
            hours.recordings,
            hours.hours_read,
            hours.hours_in_rows,
            split.written.rows,
            hours.rows_excluded,
            hours.faults
        ))
    });
    let lines: String = lines.collect();
    if lines.is_empty() {
        return String::new();
    }
    format!(
        "<h2>Recordings</h2>\n<p class=\"soft\">Each is a line of recordings.jsonl; where one broke is told under failures.</p>\n\
         <div class=\"card scroll\"><table><tr><th>split</th><th class=\"n\">recordings</th><th class=\"n\">hours read</th><th class=\"n\">hours in rows</th><th class=\"n\">rows</th><th class=\"n\">rows excluded</th><th class=\"n\">faults</th></tr>\n{lines}</table></div>\n"
    )
}
