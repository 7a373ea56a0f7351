//! Contract tests: every recorded case of every kind, counted by case.
//!
//! They read the folder that `OMNI_SCALE_FIXTURES` names, by default `tests/fixtures`; both have the same layout. Skips
//! come from the rules in `tests/fixtures/skips.toml` only.
#![allow(clippy::unwrap_used, clippy::indexing_slicing, clippy::print_stdout)]

mod deployment;
mod deployment_findings;
mod findings;
mod fmt;
mod foresight;
mod lab_captures;
mod lab_provider;
mod lab_proxmox;
mod matrix;
mod omni_captures;
mod provider_data;
mod proxmox;
mod proxmox_evidence;
mod real_omni;
mod signing;
mod support;
mod talos_table;
mod template;
mod template_export;
mod template_plan;
