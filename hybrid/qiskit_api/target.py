"""A device as Qiskit's `Target`: what `transpile`, drawings and other passes read."""

from qiskit.circuit import ForLoopOp, IfElseOp, Measure, SwitchCaseOp, WhileLoopOp
from qiskit.circuit.library import get_standard_gate_name_mapping
from qiskit.transpiler import InstructionProperties, QubitProperties, Target

from hybrid.compilation.transpile import native_target
from hybrid.device.device import Device
from hybrid.qiskit_api.measured import MOST_BITS

CONTROL_FLOW = {"if_else": IfElseOp, "for_loop": ForLoopOp, "while_loop": WhileLoopOp, "switch_case": SwitchCaseOp}


def backend_target(device: Device) -> Target:
    """Native gates, delays and measurement with durations (s) and average infidelities; T1 and T2 (echo) per qubit.

    A measurement's error is the mean of its two assignment errors. An ideal device takes Qiskit's standard gates on any qubits,
    and measurement and branching in mid-circuit.
    """
    if not device.noisy:
        return _any_gate(device)
    assert device.t1_s is not None and device.t2_echo_s is not None
    assert device.readout_p01 is not None and device.readout_p10 is not None
    target = native_target(device)
    target.qubit_properties = [QubitProperties(*times) for times in zip(device.t1_s, device.t2_echo_s, strict=True)]
    errors = [(p01 + p10) / 2 for p01, p10 in zip(device.readout_p01, device.readout_p10, strict=True)]
    properties = {(q,): InstructionProperties(duration=device.readout_s, error=error) for q, error in enumerate(errors)}
    target.add_instruction(Measure(), properties)
    return target


def _any_gate(device: Device) -> Target:
    target = Target(description=device.title, num_qubits=MOST_BITS)
    for name, instruction in get_standard_gate_name_mapping().items():
        target.add_instruction(instruction, name=name)
    for name, operation in CONTROL_FLOW.items():
        target.add_instruction(operation, name=name)
    return target
