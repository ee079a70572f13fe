// Package sampling reads what is to be sampled: for ACLs the tables Sample,
// Sample_Collector and Sampling_App, for what flows drop the options
// debug_drop_* of NB_Global. docs/sampling.md is its manual.
//
// The rule: this package says what is sampled; where in the pipeline, the
// feature says whose packets they are.
//
// Imports: incr, lflow, northd/graph, northd/model, schema, schema/nb
package sampling
