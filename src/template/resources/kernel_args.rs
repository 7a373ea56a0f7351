//! Kernel arguments: the nearest level that defines them wins, and each static machine gets a resource of its own.

use super::Builder;
use super::builder::{MANAGED, Marks, map, texts};
use crate::kinds::KERNEL_ARGS;
use crate::template::model::{Machine, MachineSet, OptionalList, Text};

impl Builder<'_> {
    /// Those of a machine that has no Machine document; otherwise they come with the document.
    pub(super) fn kernel_args_of_node(&mut self, set: &MachineSet, machine: &Text) {
        if self.template.machines().any(|m| m.name.value == machine.value) {
            return;
        }
        let inherited = self.inherited(Some(set));
        self.kernel_args(&machine.value, inherited);
    }

    /// Those of a Machine document.
    pub(super) fn kernel_args_of_machine(&mut self, machine: &Machine) {
        let args = machine.kernel_args.clone().or_else(|| {
            let set = self
                .template
                .machine_sets()
                .find(|s| s.machines.iter().any(|m| m.value == machine.name.value));
            self.inherited(set)
        });
        self.kernel_args(&machine.name.value, args);
    }

    fn inherited(&self, set: Option<&MachineSet>) -> OptionalList {
        set.and_then(|s| s.kernel_args.clone())
            .or_else(|| self.template.clusters().find_map(|c| c.kernel_args.clone()))
    }

    fn kernel_args(&mut self, machine: &str, args: OptionalList) {
        let Some(args) = args else { return };
        let marks = Marks::default().omni_annotation(MANAGED);
        self.add(&KERNEL_ARGS, machine, machine, marks, map([("args", texts(&args.value))]), args.span);
    }
}
