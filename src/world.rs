//! What every step of a load leans on, under one name.

use crate::config::Config;
use crate::host::Host;
use crate::trust::Store;

#[derive(Clone, Copy, Debug)]
pub struct World<'a> {
    pub host: &'a Host,
    pub config: &'a Config,
    pub store: &'a Store,
}
