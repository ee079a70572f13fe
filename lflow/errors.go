package lflow

import "fmt"

// Code classifies an Error so that callers need not read its text.
type Code string

const (
	// CodeLex: the text holds something that is not a token.
	CodeLex Code = "lex"
	// CodeSyntax: a token that the grammar does not allow here.
	CodeSyntax Code = "syntax"
	// CodeSymbol: a name that is not a symbol, or not one that fits.
	CodeSymbol Code = "symbol"
	// CodeType: operands whose types, widths or levels do not go together.
	CodeType Code = "type"
	// CodeValue: a constant outside its range.
	CodeValue Code = "value"
	// CodeReference: an address set or port group that does not exist.
	CodeReference Code = "reference"
	// CodeLimit: too long, too deep, or too large a result.
	CodeLimit Code = "limit"
	// CodeContext: an action or field that is not allowed where it stands.
	CodeContext Code = "context"
)

// Error is what every function here returns when it refuses its input.
type Error struct {
	Pos  int // byte offset in the text; -1 where the text is not known
	Code Code
	Msg  string
}

func (e *Error) Error() string {
	if e.Pos < 0 {
		return "lflow: " + e.Msg
	}
	return fmt.Sprintf("lflow: at offset %d: %s", e.Pos, e.Msg)
}

// ErrInseparable: a match needs the members of a set that Options.Separate
// keeps apart; parsed without that it is well.
var ErrInseparable = &Error{Pos: -1, Code: CodeLimit, Msg: "an address set cannot be kept apart"}

func errorf(pos int, code Code, format string, args ...any) *Error {
	return &Error{Pos: pos, Code: code, Msg: fmt.Sprintf(format, args...)}
}
