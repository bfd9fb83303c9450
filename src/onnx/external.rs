//! Weights beside the model: a tensor may name a file in the model's folder and
//! a place in it. PyTorch writes `m.onnx.data` so by default.

use std::collections::HashMap;
use std::collections::hash_map::Entry;
use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Component, Path, PathBuf};

use super::{Graph, Model, OnnxError, Tensor};

/// `TensorProto.DataLocation` of data in another file.
const EXTERNAL: i32 = 1;

/// Puts into the model what its tensors have in files of `folder`, so that it
/// needs nothing else; `read` is given those bytes, tensor after tensor.
///
/// # Errors
/// A file that is missing or too short, or lies elsewhere; a size that is not
/// the shape's.
pub fn inline(
    model: &mut Model,
    folder: &Path,
    read: &mut dyn FnMut(&[u8]),
) -> Result<(), OnnxError> {
    let mut files = Files {
        folder,
        open: HashMap::new(),
        read,
    };
    model
        .graph
        .as_mut()
        .map_or(Ok(()), |graph| files.graph(graph))
}

/// Whether a tensor's data is in another file.
pub fn is_external(tensor: &Tensor) -> bool {
    tensor.data_location == Some(EXTERNAL)
}

struct Files<'a> {
    folder: &'a Path,
    /// Those in use, with their lengths.
    open: HashMap<PathBuf, (File, u64)>,
    read: &'a mut dyn FnMut(&[u8]),
}

impl Files<'_> {
    fn graph(&mut self, graph: &mut Graph) -> Result<(), OnnxError> {
        for tensor in &mut graph.initializer {
            self.tensor(tensor)?;
        }
        for attribute in graph.node.iter_mut().flat_map(|node| &mut node.attribute) {
            for tensor in attribute.t.iter_mut().chain(&mut attribute.tensors) {
                self.tensor(tensor)?;
            }
            for graph in attribute.g.iter_mut().chain(&mut attribute.graphs) {
                self.graph(graph)?;
            }
        }
        Ok(())
    }

    fn tensor(&mut self, tensor: &mut Tensor) -> Result<(), OnnxError> {
        if !is_external(tensor) {
            return Ok(());
        }
        let entry = |key: &str| {
            let entries = tensor.external_data.iter();
            entries.rev().find(|entry| entry.key == key)
        };
        let refuse = |reason: String| OnnxError::External {
            name: tensor.name.clone(),
            reason,
        };
        let number = |key: &str| match entry(key).map(|entry| entry.value.parse::<u64>()) {
            None => Ok(None),
            Some(Ok(number)) => Ok(Some(number)),
            Some(Err(_)) => Err(refuse(format!("its {key} is no number"))),
        };
        let location = entry("location").ok_or_else(|| refuse("no file is named".to_owned()))?;
        let name = Path::new(&location.value);
        let inside = |part| matches!(part, Component::Normal(_) | Component::CurDir);
        if location.value.is_empty() || !name.components().all(inside) {
            let reason = format!("{} leads out of the model's folder", name.display());
            return Err(refuse(reason));
        }
        let path = self.folder.join(name);
        let unreadable =
            |error: std::io::Error| refuse(format!("{} cannot be read: {error}", path.display()));
        let (file, held) = match self.open.entry(path.clone()) {
            Entry::Occupied(entry) => entry.into_mut(),
            Entry::Vacant(entry) => {
                let file = File::open(&path).map_err(unreadable)?;
                let held = file.metadata().map_err(unreadable)?.len();
                entry.insert((file, held))
            }
        };
        let offset = number("offset")?.unwrap_or(0);
        let expected = byte_count(tensor).ok_or_else(|| {
            let kind = tensor.data_type;
            refuse(format!("elements of type {kind} cannot be in another file"))
        })?;
        let length = number("length")?.unwrap_or(expected);
        if length != expected {
            return Err(refuse(format!(
                "{length} bytes of {} are named, its shape asks for {expected}",
                path.display()
            )));
        }
        let end = offset.saturating_add(length);
        if end > *held {
            return Err(refuse(format!(
                "{} holds {held} bytes, and should hold {end}: is it another model's, or a part of the file?",
                path.display()
            )));
        }
        // No more than the file holds, so it can be had.
        let mut data = Vec::with_capacity(usize::try_from(length).unwrap_or(0));
        file.seek(SeekFrom::Start(offset)).map_err(unreadable)?;
        (file.take(length).read_to_end(&mut data)).map_err(unreadable)?;
        (self.read)(&data);
        tensor.raw_data = Some(data);
        tensor.external_data.clear();
        tensor.data_location = None;
        Ok(())
    }
}

/// Bytes that a tensor takes; `None` where its elements have no fixed size.
fn byte_count(tensor: &Tensor) -> Option<u64> {
    // By number of `TensorProto.DataType`.
    let bits: u64 = match tensor.data_type {
        2 | 3 | 9 | 17..=20 | 24 => 8,
        4 | 5 | 10 | 16 => 16,
        1 | 6 | 12 => 32,
        7 | 11 | 13 | 14 => 64,
        15 => 128,
        21..=23 => 4,
        _ => return None,
    };
    let count = u64::try_from(tensor.element_count()).ok()?;
    Some(count.saturating_mul(bits).div_ceil(8))
}
