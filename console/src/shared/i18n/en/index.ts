export { app } from "./app";
export { common } from "./common";
export { customers } from "./customers";
export { operations } from "./operations";
export { process } from "./process";
export { results } from "./results";
export { targets } from "./targets";
