package store

import (
	"encoding/json"
)

// opCommit is RFC 7047 section 5.2.7. Every commit is durable here.
func (e *executor) opCommit(p *opParser) (json.RawMessage, error) {
	p.member("durable", isBool)
	return json.RawMessage("{}"), nil
}

// opAbort is RFC 7047 section 5.2.8.
func (e *executor) opAbort(*opParser) (json.RawMessage, error) {
	return nil, Errorf(ErrAborted, "aborted by request")
}

// opComment is RFC 7047 section 5.2.9. The text goes to the feed and the log.
func (e *executor) opComment(p *opParser) (json.RawMessage, error) {
	if text, ok := p.text("comment", isString); ok && text != "" {
		e.comment = append(e.comment, text)
	}
	return json.RawMessage("{}"), nil
}

// opAssert is RFC 7047 section 5.2.10.
func (e *executor) opAssert(p *opParser) (json.RawMessage, error) {
	lock, ok := p.text("lock", isID)
	if !ok {
		return nil, nil
	}
	if e.client.Holds == nil || !e.client.Holds(lock) {
		return nil, Errorf(ErrNotOwner, "Asserted lock %s not held.", lock)
	}
	return json.RawMessage("{}"), nil
}
