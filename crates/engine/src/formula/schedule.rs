//! In which order the nodes of a program are computed, and in which registers.

use super::program::{Id, MOST_REGISTERS, Node, Program, TooHard};
use backlit_kernels::blocks::{Function, Instruction, Operand, Smooth};
use std::collections::HashMap;

/// One instruction before registers: what it computes, and from what.
pub(super) struct Step {
    /// One node, or value and slope of one function.
    writes: [Option<Id>; 2],
    reads: Vec<Id>,
    /// The function that gives both, where there are two.
    both: Option<Smooth>,
}

/// The nodes that the results need, each after its operands. Of two operands the one that needs more registers comes first
/// (Sethi and Ullman, Journal of the ACM 17, 1970, as if the graph were a tree).
pub(super) fn order(nodes: &[Node], known: &HashMap<Node, Id>, results: &[Id]) -> Vec<Step> {
    let mut needs = vec![1usize; nodes.len()];
    for (id, node) in nodes.iter().enumerate() {
        let mut of: Vec<usize> = node.operands().filter(|&operand| nodes[operand].constant().is_none()).map(|id| needs[id]).collect();
        of.sort_unstable_by(|a, b| b.cmp(a));
        needs[id] = of.iter().enumerate().map(|(held, need)| held + need).max().unwrap_or(1);
    }
    let mut needed = vec![false; nodes.len()];
    results.iter().for_each(|&id| needed[id] = true);
    for id in (0..nodes.len()).rev() {
        if needed[id] {
            nodes[id].operands().for_each(|operand| needed[operand] = true);
        }
    }
    let mut walk = Walk { nodes, known, needs: &needs, needed: &needed, done: vec![false; nodes.len()], steps: Vec::new() };
    results.iter().for_each(|&id| walk.visit(id));
    walk.steps
}

struct Walk<'a> {
    nodes: &'a [Node],
    known: &'a HashMap<Node, Id>,
    needs: &'a [usize],
    needed: &'a [bool],
    done: Vec<bool>,
    steps: Vec<Step>,
}

impl Walk<'_> {
    fn visit(&mut self, id: Id) {
        if self.done[id] {
            return;
        }
        let node = self.nodes[id];
        if let Node::Letter(_) = node {
            return;
        }
        let is_operand = matches!(node, Node::Combine(..));
        // Numbers stand in the instruction itself, except where all operands must be registers.
        let mut reads: Vec<Id> = node.operands().filter(|&of| !is_operand || self.nodes[of].constant().is_none()).collect();
        let own = reads.clone();
        reads.sort_by_key(|&of| std::cmp::Reverse(self.needs[of]));
        reads.into_iter().for_each(|of| self.visit(of));
        if self.done[id] {
            return;
        }
        let step = match self.partner(node) {
            Some((smooth, value, slope)) => Step { writes: [Some(value), Some(slope)], reads: own, both: Some(smooth) },
            None => Step { writes: [Some(id), None], reads: own, both: None },
        };
        step.writes.into_iter().flatten().for_each(|id| self.done[id] = true);
        self.steps.push(step);
    }

    /// Value and slope of a function of the same number, where both are needed.
    fn partner(&self, node: Node) -> Option<(Smooth, Id, Id)> {
        let Node::Apply(_, of) = node else { return None };
        let find = |function: Function| {
            let &id = self.known.get(&Node::Apply(function, of))?;
            (self.needed[id] && !self.done[id]).then_some(id)
        };
        let sigmoid = Function::Value(Smooth::Sigmoid);
        let pairs = [
            (Smooth::Tanh, Function::Slope(Smooth::Tanh)),
            (Smooth::Sigmoid, Function::Slope(Smooth::Sigmoid)),
            // The slope of softplus is σ, to the bit.
            (Smooth::Softplus, sigmoid),
        ];
        pairs.into_iter().find_map(|(smooth, slope)| {
            let (value, slope) = (find(Function::Value(smooth))?, find(slope)?);
            (self.nodes[value] == node || self.nodes[slope] == node).then_some((smooth, value, slope))
        })
    }
}

/// Gives every node a register for as long as it is read.
pub(super) fn registers(nodes: &[Node], steps: &[Step], letters: usize, results: &[Id]) -> Result<Program, TooHard> {
    let mut last_read = vec![0; nodes.len()];
    for (time, step) in steps.iter().enumerate() {
        step.reads.iter().for_each(|&id| last_read[id] = time);
    }
    results.iter().for_each(|&id| last_read[id] = usize::MAX);
    let mut free = [true; MOST_REGISTERS];
    let mut place: Vec<Option<u8>> = vec![None; nodes.len()];
    let take = |free: &mut [bool; MOST_REGISTERS]| -> Result<u8, TooHard> {
        let register = free.iter().position(|free| *free).ok_or(TooHard::Large)?;
        free[register] = false;
        Ok(register as u8)
    };
    for letter in place.iter_mut().take(letters) {
        *letter = Some(take(&mut free)?);
    }
    let mut used = letters;
    let mut instructions = Vec::with_capacity(steps.len());
    for (time, step) in steps.iter().enumerate() {
        let reads: Vec<u8> = step.reads.iter().map(|&id| place[id].expect("operands come first")).collect();
        for (&id, &register) in step.reads.iter().zip(&reads) {
            free[usize::from(register)] |= last_read[id] == time;
        }
        let mut writes = [0; 2];
        for (k, id) in step.writes.iter().enumerate() {
            if let Some(id) = *id {
                writes[k] = take(&mut free)?;
                place[id] = Some(writes[k]);
                used = used.max(usize::from(writes[k]) + 1);
            }
        }
        instructions.push(instruction(nodes, step, &reads, writes));
    }
    let results = results.iter().map(|&id| place[id].expect("results are computed")).collect();
    Ok(Program::of(instructions, used, results))
}

fn instruction(nodes: &[Node], step: &Step, reads: &[u8], [to, second]: [u8; 2]) -> Instruction {
    if let Some(function) = step.both {
        return Instruction::ApplyBoth { function, value: to, slope: second, of: reads[0] };
    }
    let mut reads = reads.iter().copied();
    let mut operand = |id: Id| match nodes[id].constant() {
        Some(number) => Operand::Number(number),
        None => Operand::Register(reads.next().expect("an operand that is no number is read")),
    };
    match nodes[step.writes[0].expect("a step writes")] {
        Node::Letter(_) => unreachable!("letters are given"),
        Node::Constant(bits) => Instruction::Constant { to, value: f64::from_bits(bits) },
        Node::Apply(function, _) => Instruction::Apply { function, to, of: reads.next().expect("one operand") },
        Node::Combine(rule, left, right) => Instruction::Combine { rule, to, left: operand(left), right: operand(right) },
        Node::Choose(..) => {
            let mut next = || reads.next().expect("three operands");
            Instruction::Choose { to, condition: next(), then: next(), otherwise: next() }
        }
    }
}
