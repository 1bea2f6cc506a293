import { elementTypeOfCode } from "../../tensor/index.ts";
import type { Known } from "./check-steps.ts";
import type { PlanOperand, PlanTensor } from "./plan.ts";
import type { PlanReader } from "./plan-reader.ts";

/** As many as any kernel takes, and the axes that it walks. */
const operandsMax = 8;
const rankMax = 8;

/** The operands of a kernel: views that lie within their tensors. */
export function checkOperands(reader: PlanReader, value: unknown, at: string, known: Known): PlanOperand[] {
  return reader.list(value, at, operandsMax, (item, where, index) => {
    const read = reader.object(item, where, ["tensor", "offset", "shape", "strides"]);
    const tensor = reader.index(read["tensor"], `${where}.tensor`, known.tensors);
    // The first is what the kernel writes; graphs hold weights as constants.
    if (index === 0 && known.weights.has(tensor))
      throw reader.fail(`${where} would write the weight ${JSON.stringify(known.tensors[tensor]!.name)}`);
    const offset = reader.integer(read["offset"], `${where}.offset`, 0, Number.MAX_SAFE_INTEGER);
    const shape = reader.list(read["shape"], `${where}.shape`, rankMax, (axis, place) =>
      reader.integer(axis, place, 0, Number.MAX_SAFE_INTEGER),
    );
    const strides = reader.list(read["strides"], `${where}.strides`, rankMax, (stride, place) =>
      reader.integer(stride, place, -Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER),
    );
    if (strides.length !== shape.length)
      throw reader.fail(`${where} has ${shape.length} axes and ${strides.length} strides`);
    const operand = { tensor, offset, shape, strides };
    if (!isWithin(operand, known.tensors[tensor]!, known.sizes[tensor]!))
      throw reader.fail(`${where} reaches beyond its tensor of ${known.sizes[tensor]} bytes`);
    return operand;
  });
}

/** Whether every element of the view lies in the tensor. Products beyond 2^53 are large all the same. */
function isWithin({ offset, shape, strides }: PlanOperand, { type }: PlanTensor, size: number): boolean {
  const element = elementTypeOfCode(type)!.size;
  if (offset % element !== 0) return false;
  if (shape.includes(0)) return offset <= size;
  let lowest = offset / element;
  let highest = lowest;
  for (const [axis, length] of shape.entries()) {
    const reach = (length - 1) * strides[axis]!;
    if (reach < 0) lowest += reach;
    else highest += reach;
  }
  return lowest >= 0 && (highest + 1) * element <= size;
}
