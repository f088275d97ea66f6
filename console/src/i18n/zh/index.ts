export { frame } from "./frame";
export { operations } from "./operations";
export { process } from "./process";
export { results } from "./results";
export { targets } from "./targets";
