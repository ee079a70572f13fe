package schema

import (
	"encoding/json"
	"fmt"
)

// CurrentForm is the form in which this program stores databases in etcd. A
// program reads every form up to its own, also mixed, and the leader carries
// older ones forward. What was changed with each number:
//
//	1  each member of a large set or map is a key of its own
//	2  members lie in buckets (Column.EachBucket)
//	3  units of flows lie in buckets (sb.EachUnit)
//	4  one logical flow asks for the port security of all ports, and agents have
//	   the answers: one of an older program would let everything pass
//	5  units in a bucket are compressed together (sb.EncodeUnits); buckets of UUIDs
//	   are their bytes (Column.EachBucket)
const CurrentForm = 5

// FormPath is the path, below a database's prefix, of the key that says which
// form the database has: a Form in JSON. Without that key it is form 1.
const FormPath = "form"

// Form says how a database is stored.
type Form struct {
	Form int `json:"form"`
	// From is the oldest form that may still be there, 0 once all is of Form. An
	// older program must not touch what is carried forward in part either.
	From int    `json:"from,omitempty"`
	By   string `json:"by,omitempty"` // the version of the program that wrote this
}

// ParseForm reads the value of a key FormPath, nil where there is none. The
// error is an ErrForm where the form is one of a later program, or not to be
// understood at all.
func ParseForm(key string, data []byte) (Form, error) {
	if data == nil {
		return Form{Form: 1}, nil
	}
	var f Form
	if err := json.Unmarshal(data, &f); err != nil || f.Form < 1 {
		return Form{}, fmt.Errorf("%w: %s is %.100q, which does not say in which form the database is stored", ErrForm, key, data)
	}
	if f.Form <= CurrentForm {
		return f, nil
	}
	by := f.By
	if by == "" {
		by = "an unknown version"
	}
	return f, fmt.Errorf("%w: %s says that the database is stored in form %d, by %s, and this program knows forms up to %d: "+
		"upgrade it to that version, or restore a backup from before", ErrForm, key, f.Form, by, CurrentForm)
}

// Encode is the value of the key.
func (f Form) Encode() []byte {
	b, err := json.Marshal(f)
	if err != nil {
		panic(err) // two numbers and a string
	}
	return b
}
