// Package lflow is the logical-flow language: matches and actions, from text
// to trees and back, and from trees to answers.
//
// A match goes through one file per phase: lexer.go, parse.go, annotate.go
// (prerequisites and predicates), simplify.go (comparisons become masked
// equalities), normal.go (an OR of ANDs of per-field alternatives) and
// match.go (flow matches, conjunctive where a product would exceed the sum).
// eval.go says what an expression means; every phase is tested against it.
// Actions are one file each (act_*.go) and one row each in actions.go.
//
// The rule that matters: trees are immutable once built and may be shared
// freely; every phase returns a new tree, or the old one where nothing
// changed. Those made in an Arena (arena.go) are gone with its Reset. Nothing here panics or takes unbounded time or memory on hostile
// text: length, nesting and the size of results are limited, and exceeding a
// limit is an *Error like any other.
//
// Imports: none
package lflow
