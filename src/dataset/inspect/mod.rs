//! What is in a feature file or an output folder.

mod array;
mod error;
mod folder;
mod origin;
mod scale;
mod stretches;

pub use array::{ArrayFacts, array};
pub use error::InspectError;
pub use folder::{FolderFacts, SplitFacts, folder};
pub use origin::{RowNames, RowOrigin, row, row_name};
pub use scale::{ScaleGuess, Verdict};
pub use stretches::{Heard, Recording, Stretch, heard};
