//! The native half of the Python package.

use pyo3::prelude::*;

#[pymodule]
fn _wakemill(module: &Bound<'_, PyModule>) -> PyResult<()> {
    let _ = module;
    Ok(())
}
