//! Arguments.

use std::path::PathBuf;
use std::time::Duration;

pub use super::commands::explain::ExplainArgs;
pub use super::removal::Removal;
use clap::{Args, Parser, Subcommand, ValueEnum};

/// Last part of the long help.
const AFTER: &str = "\
Environment:
  OMNI_SERVICE_ACCOUNT_KEY  Key for Omni; role Reader is enough for plan, Operator for apply
  OMNI_ENDPOINT             The origin that this key may be sent to
  PROXMOX_VE_API_TOKEN      user@realm!name=secret; role PVEAuditor on / is enough
  PROXMOX_VE_ENDPOINT       The origins that this token may be sent to, separated by commas
  OMNI_SCALE_STATE_STORE    The bucket that the AWS_… credentials may be used for; AWS_ENDPOINT_URL_S3 beside
                            it where it is not AWS's
  OMNI_SCALE_DIGEST_KEY     Makes the digests by which secrets are remembered
  OMNI_SCALE_SEAL_KEY       Seals the record in the bucket; OMNI_SCALE_SEAL_KEY_FILE names a file instead
  NO_COLOR, CLICOLOR_FORCE, CLICOLOR, COLUMNS, CI

Exit codes:
  0 done, or no changes     6 somebody else is applying         64 wrong usage
  1 another error           7 authentication or trust           65 invalid files
  2 changes, only with      8 stopped by a first Ctrl-C;        69 a server cannot be reached
    --detailed-exitcode       can be resumed                    70 a bug
  3 blocked                 9 health was not reached in time   130 aborted by a second Ctrl-C
  4 the plan is stale
  5 some steps failed or are unknown";

/// Declarative plan and apply for Talos clusters that Sidero Omni manages on Proxmox VE.
#[derive(Debug, Parser)]
#[command(
    name = "omni-scale",
    bin_name = "omni-scale",
    version,
    max_term_width = 100,
    disable_help_subcommand = true,
    after_long_help = AFTER
)]
pub struct Cli {
    /// Options of every command.
    #[command(flatten)]
    pub global: Global,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Options of every command.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Global options")]
pub struct Global {
    /// Work on the repository in this folder
    #[arg(short = 'C', long = "directory", global = true, value_name = "DIR", default_value = ".")]
    pub directory: PathBuf,
    /// Spec file, relative to the repository [default: spec/omni.yaml, then specs/omni.yaml]
    #[arg(long, global = true, value_name = "PATH", env = "OMNI_SCALE_SPEC")]
    pub spec: Option<String>,
    /// When to use colours; beats `NO_COLOR` and its like
    #[arg(long, global = true, value_enum, default_value_t, env = "OMNI_SCALE_COLOR")]
    pub color: Color,
    /// Draw and mark with ASCII only
    #[arg(long, global = true)]
    pub ascii: bool,
    /// Columns to print in, kept between 60 and 200 [default: the terminal's up to 160, else 100]
    #[arg(long, global = true, value_name = "N", value_parser = clap::value_parser!(u16).range(1..))]
    pub width: Option<u16>,
    /// Leave out notes, warnings about files, and progress
    #[arg(short, long, global = true)]
    pub quiet: bool,
    /// Longest wait for one answer of Omni or Proxmox, other attempts included [default: 90s, 35s for Proxmox]
    #[arg(long, global = true, value_name = "TIME", value_parser = patience)]
    pub read_timeout: Option<Duration>,
    /// Print each request to Omni as it is answered
    #[arg(short, long, global = true, action = clap::ArgAction::Count)]
    pub verbose: u8,
}

/// When to colour.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum Color {
    /// On terminals that want it.
    #[default]
    Auto,
    /// Always.
    Always,
    /// Never.
    Never,
}

/// What to do.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Write a spec and what belongs beside it: from nothing, or from the files that omnictl reads
    Init(super::commands::init::InitArgs),
    /// Check all files; needs no network and no credentials
    Validate(crate::cli::commands::validate::ValidateArgs),
    /// Print a cluster template's resources as `omnictl cluster template render` does
    Render(RenderArgs),
    /// Show what would change and what that does to machines; writes nothing to Omni or Proxmox
    Plan(PlanArgs),
    /// Plan, ask, carry out, wait until the clusters are up, and verify that nothing is left
    Apply(ApplyArgs),
    /// Show a saved plan, from its file alone
    Show(super::commands::show::ShowArgs),
    /// Print a live cluster as a template, as `omnictl cluster template export` does
    Export(super::commands::export::ExportArgs),
    /// Copy what is live into the files: what somebody made or changed in Omni becomes what they ask for
    Adopt(super::commands::adopt::AdoptArgs),
    /// Format the files, keeping comments and what they say
    Fmt(super::commands::fmt::FmtArgs),
    /// Show what is otherwise in Omni than it was applied; reads only and proposes nothing
    Drift(super::commands::drift::DriftArgs),
    /// Show what is the matter, why, and what to do: drift, machines that are stuck, the provider; reads only
    Doctor(super::commands::doctor::DoctorArgs),
    /// Show how the clusters stand: versions, checks, machines and their VMs; exit 9 unless all are up
    Status(super::commands::status::StatusArgs),
    /// Check the spec's definition of done; exit 1 unless every check holds
    Verify(super::commands::verify::VerifyArgs),
    /// Work on the spec file itself
    #[command(subcommand)]
    Spec(super::commands::spec::SpecCommand),
    /// Write files from what is live: spec, machine classes, templates; ends with a plan that must be empty
    Import(super::commands::import::ImportArgs),
    /// Print the dependency graph, with the reason of every edge
    Graph(GraphArgs),
    /// Print the JSON Schema of an output
    Schema(SchemaArgs),
    /// Show who holds the record's lease, or break that of a dead run
    #[command(subcommand)]
    Lock(super::commands::lock::LockCommand),
    /// Seal the record in the bucket, or unseal it
    #[command(subcommand, name = "record")]
    Record(super::commands::record::RecordCommand),
    /// Run, reset or disturb the embedded lab
    #[command(subcommand)]
    Lab(LabCommand),
    /// Say what a code such as OS0401 is about
    Explain(ExplainArgs),
    /// Print the version
    Version,
}

/// Which world to talk to.
#[derive(Clone, Debug, Args)]
pub struct World {
    /// Use a world of the embedded lab instead of the real servers: `--lab` is `fresh`, `--lab=NAME` another (`lab list`)
    #[arg(long = "lab", value_name = "WORLD", num_args = 0..=1, require_equals = true, default_missing_value = "fresh")]
    pub lab: Option<String>,
}

/// `render`
#[derive(Debug, Args)]
pub struct RenderArgs {
    /// Cluster template; patch files are looked up beside it
    pub file: PathBuf,
    /// Folder that holds all files which the template names, relative to the template's
    #[arg(long, value_name = "DIR", default_value = "./")]
    pub allowed_dir: String,
    /// Version of Omni whose client's output is printed, as `1.10`; `newest` is what came after 1.10
    #[arg(long, value_name = "VERSION", default_value = "1.9", value_parser = dialect)]
    pub omni: crate::template::Dialect,
}

/// `plan`
#[derive(Debug, Args)]
pub struct PlanArgs {
    /// Which world.
    #[command(flatten)]
    pub world: World,
    /// What to remove.
    #[command(flatten)]
    pub removal: Removal,
    /// What of the whole.
    #[command(flatten)]
    pub scope: super::scope::ScopeArgs,
    /// What is allowed by hand.
    #[command(flatten)]
    pub overrides: super::guards::Overrides,
    /// Exit with 2 when there are changes, instead of 0
    #[arg(long)]
    pub detailed_exitcode: bool,
    /// How it is printed.
    #[command(flatten)]
    pub printing: super::formats::Printing,
    /// Where else it goes.
    #[command(flatten)]
    pub outs: super::outputs::Outs,
    /// How it is saved.
    #[command(flatten)]
    pub saving: super::saving::Saving,
}

/// Worst effect that an approval without a question covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, ValueEnum)]
pub enum Risk {
    /// No machine is disturbed.
    Low,
    /// Machines may reboot.
    Medium,
    /// Machines may be rebuilt, or what happens to them is not known.
    High,
    /// Machines may be destroyed.
    Critical,
}

impl From<Risk> for crate::policy::Risk {
    fn from(risk: Risk) -> Self {
        match risk {
            Risk::Low => Self::Low,
            Risk::Medium => Self::Medium,
            Risk::High => Self::High,
            Risk::Critical => Self::Critical,
        }
    }
}

/// `apply`
#[derive(Debug, Args)]
pub struct ApplyArgs {
    /// What was approved beforehand.
    #[command(flatten)]
    pub approval: super::approval::ApprovalArgs,
    /// Which world.
    #[command(flatten)]
    pub world: World,
    /// What to remove.
    #[command(flatten)]
    pub removal: Removal,
    /// What of the whole.
    #[command(flatten)]
    pub scope: super::scope::ScopeArgs,
    /// What is allowed by hand.
    #[command(flatten)]
    pub overrides: super::guards::Overrides,
    /// Do not ask; outside of the lab this needs `--max-risk`
    #[arg(long)]
    pub auto_approve: bool,
    /// Refuse a plan of more risk: low, medium, high or critical
    #[arg(long, value_enum, value_name = "RISK")]
    pub max_risk: Option<Risk>,
    /// How much of the plan is shown.
    #[command(flatten)]
    pub amount: super::formats::Amount,
    /// Where else it goes.
    #[command(flatten)]
    pub outs: super::outputs::Outs,
    /// Longest wait for a cluster to come up, or for machines to go
    #[arg(long, value_name = "MINUTES", default_value_t = 30, value_parser = clap::value_parser!(u32).range(1..=1440))]
    pub timeout: u32,
    /// Longest wait for another run that holds the record's lease, as 90s or 20m
    #[arg(long, value_name = "DURATION", default_value = "0s", value_parser = duration)]
    pub lock_timeout: Duration,
}

/// Format of a graph.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum GraphFormat {
    /// Tree for people.
    #[default]
    Text,
    /// Graphviz.
    Dot,
    /// Mermaid flow chart.
    Mermaid,
    /// For programs.
    Json,
}

/// `graph`
#[derive(Debug, Args)]
pub struct GraphArgs {
    /// Without effect: the graph comes from the files alone. Kept so that it can stand wherever `plan --lab` stood.
    #[arg(long, value_name = "WORLD", num_args = 0..=1, require_equals = true, default_missing_value = "fresh", hide = true)]
    pub lab: Option<String>,
    /// Format on standard output
    #[arg(long, value_enum, default_value_t)]
    pub format: GraphFormat,
}

/// `schema`
#[derive(Debug, Args)]
pub struct SchemaArgs {
    /// Output to describe
    #[arg(value_enum)]
    pub what: SchemaOf,
}

/// What has a schema.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum SchemaOf {
    /// The JSON plan.
    Plan,
    /// The JSON status.
    Status,
    /// The JSON drift report.
    Drift,
    /// What `doctor` found, as JSON.
    Doctor,
    /// What `validate` found, as JSON.
    Validate,
    /// The JSON of `explain selector`.
    ExplainSelector,
    /// The JSON of `explain providerdata`.
    ExplainProviderdata,
    /// The JSON of `verify`.
    Verify,
    /// The JSON graph.
    Graph,
    /// The JSON of `lock show`.
    Lock,
}

/// `lab …`
#[derive(Debug, Subcommand)]
pub enum LabCommand {
    /// Serve a world to other processes until interrupted
    Up(LabUpArgs),
    /// Start a world anew; its record goes with it
    Reset(LabWorldArgs),
    /// Break or mend something in a world; one that `lab up` serves has to be stopped first
    Inject(LabInjectArgs),
    /// Print the log of a world's provider, JSON lines as its container writes them
    Log(LabLogArgs),
    /// List the worlds
    List,
}

/// `lab up`
#[derive(Debug, Args)]
pub struct LabUpArgs {
    /// World, as `lab list` names them
    #[arg(default_value = "fresh")]
    pub world: String,
    /// Time before every answer, as `100ms` or `2s`
    #[arg(long, value_parser = duration, default_value = "0ms")]
    pub latency: Duration,
    /// Virtual seconds that pass in one real second
    #[arg(long, default_value_t = 60.0, value_parser = speed)]
    pub speed: f64,
    /// Keep the record in the world's object store: the spec that is written says so
    #[arg(long)]
    pub object_store: bool,
}

/// `lab reset`
#[derive(Debug, Args)]
pub struct LabWorldArgs {
    /// World, as `lab list` names them
    #[arg(default_value = "fresh")]
    pub world: String,
}

/// `lab log`
#[derive(Debug, Args)]
pub struct LabLogArgs {
    /// World, as `lab list` names them
    #[arg(default_value = "fresh")]
    pub world: String,
    /// Print its requests to Proxmox VE instead
    #[arg(long)]
    pub requests: bool,
}

/// `lab inject`
#[derive(Debug, Args)]
#[command(after_help = format!("Faults:\n{}", crate::lab::faults()))]
pub struct LabInjectArgs {
    /// Fault, as `node-offline:hotel` or `provider-stopped`; a wrong one lists them all
    pub fault: String,
    /// World, as `lab list` names them
    #[arg(default_value = "fresh")]
    pub world: String,
}

fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || "write it as `100ms`, `2s` or `20m`".to_owned();
    let at = text.find(|c: char| !c.is_ascii_digit()).ok_or_else(wrong)?;
    let (number, unit) = text.split_at(at);
    let number: u64 = number.parse().map_err(|_| wrong())?;
    match unit {
        "ms" => Ok(Duration::from_millis(number)),
        "s" => Ok(Duration::from_secs(number)),
        "m" => number.checked_mul(60).map(Duration::from_secs).ok_or_else(wrong),
        _ => Err(wrong()),
    }
}

/// A time to wait that is some time.
fn patience(text: &str) -> Result<Duration, String> {
    match duration(text)? {
        Duration::ZERO => Err("nothing answers in no time".to_owned()),
        time => Ok(time),
    }
}

fn dialect(text: &str) -> Result<crate::template::Dialect, String> {
    crate::template::Dialect::named(text).ok_or_else(|| "write it as `1.9`, `1.10` or `newest`".to_owned())
}

fn speed(text: &str) -> Result<f64, String> {
    text.parse::<f64>()
        .ok()
        .filter(|s| s.is_finite() && *s > 0.0 && *s <= 100_000.0)
        .ok_or_else(|| "write a number above 0, at most 100000".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definition_is_consistent() {
        <Cli as clap::CommandFactory>::command().debug_assert();
    }

    #[test]
    fn a_lab_without_a_name_is_fresh_and_never_swallows_an_argument() {
        let cli = Cli::parse_from(["omni-scale", "plan", "--lab", "--brief"]);
        let Command::Plan(args) = cli.command else { panic!("plan") };
        assert_eq!(args.world.lab.as_deref(), Some("fresh"));
        assert!(args.printing.amount.brief);
        let cli = Cli::parse_from(["omni-scale", "apply", "--lab=deployed", "--auto-approve"]);
        let Command::Apply(args) = cli.command else { panic!("apply") };
        assert_eq!(args.world.lab.as_deref(), Some("deployed"));
    }

    #[test]
    fn durations_need_a_unit() {
        assert_eq!(duration("100ms"), Ok(Duration::from_millis(100)));
        assert_eq!(duration("2s"), Ok(Duration::from_secs(2)));
        assert!(duration("100").is_err() && duration("s").is_err() && duration("1h").is_err());
    }
}
