//! The Proxmox infrastructure provider: what it reads in a class, and what it then asks of Proxmox.
//!
//! The provider takes the `providerdata` of a class by Go's rules, without its own schema: what it does not know it ignores,
//! what is absent is zero, and it makes no check of its own. So this module reads it the same way, mistakes included, writes
//! the request that follows, and knows what Proxmox says to that request.

mod answer;
mod data;
mod generation;
mod read;
mod request;
mod typed;

pub use answer::{Answer, When, answer};
pub use data::{Disk, Nic, PciDevice, ProviderData, UsbDevice};
pub use generation::Generation;
pub use read::{Misfit, Unreadable, read};
pub use request::{DEFAULT_BRIDGE, DEFAULT_CPU, Names, create};
pub use typed::typed;

#[cfg(test)]
mod tests;
