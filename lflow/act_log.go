package lflow

// LogVerdict is what a log action says became of the packet.
type LogVerdict uint8

const (
	VerdictAllow LogVerdict = iota
	VerdictDrop
	VerdictReject
	VerdictPass
)

func (v LogVerdict) String() string {
	return [...]string{VerdictAllow: "allow", VerdictDrop: "drop", VerdictReject: "reject", VerdictPass: "pass"}[v&3]
}

// LogSeverity is a severity of syslog, RFC 5424, section 6.2.1.
type LogSeverity uint8

const (
	SeverityAlert   LogSeverity = 1
	SeverityWarning LogSeverity = 4
	SeverityNotice  LogSeverity = 5
	SeverityInfo    LogSeverity = 6
	SeverityDebug   LogSeverity = 7
)

var severityNames = [...]string{SeverityAlert: "alert", SeverityWarning: "warning", SeverityNotice: "notice", SeverityInfo: "info", SeverityDebug: "debug"}

func (s LogSeverity) String() string { return severityNames[s&7] }

// ParseLogSeverity returns the severity of that name.
func ParseLogSeverity(name string) (LogSeverity, bool) {
	for s, n := range severityNames {
		if n != "" && n == name {
			return LogSeverity(s), true
		}
	}
	return 0, false
}

// Log makes the agent log the packet.
type Log struct {
	Name     string // of the ACL; may be empty, at most MaxLogName bytes
	Verdict  LogVerdict
	Severity LogSeverity
	Meter    string // limits the rate; may be empty
}

// MaxLogName is the length of the longest name in a log action.
const MaxLogName = 64

func (a Log) Append(b []byte) []byte {
	b = append(b, "log("...)
	if a.Name != "" {
		b = append(appendString(append(b, "name="...), a.Name), ", "...)
	}
	b = append(append(b, "verdict="...), a.Verdict.String()...)
	b = append(append(b, ", severity="...), a.Severity.String()...)
	if a.Meter != "" {
		b = appendString(append(b, ", meter="...), a.Meter)
	}
	return append(b, ");"...)
}

func (Log) Prerequisites(es []*Expr) []*Expr { return es }

func parseLog(p *actionParser) (Action, *Error) {
	a, start, judged := Log{Severity: SeverityInfo}, p.tok.pos, false
	err := p.keywords(func(name token) *Error {
		pos := p.tok.pos
		var err *Error
		switch name.text {
		case "name":
			if a.Name, err = p.quoted("a name in quotes"); err == nil && len(a.Name) > MaxLogName {
				err = errorf(pos, CodeValue, "a name of %d bytes is longer than %d", len(a.Name), MaxLogName)
			}
		case "meter":
			a.Meter, err = p.quoted("the name of a meter in quotes")
		case "verdict":
			judged = true
			a.Verdict, err = p.verdict()
		case "severity":
			a.Severity, err = p.severity()
		default:
			err = errorf(name.pos, CodeSymbol, "found `%s' where `name', `verdict', `severity' or `meter' was expected", name.text)
		}
		return err
	})
	if err == nil && !judged {
		err = errorf(start, CodeContext, "log needs a verdict")
	}
	return a, err
}

func (p *actionParser) verdict() (LogVerdict, *Error) {
	for v := VerdictAllow; v <= VerdictPass; v++ {
		if p.tok.kind == tokIdent && p.tok.text == v.String() {
			p.advance()
			return v, nil
		}
	}
	return 0, p.expected("`allow', `drop', `reject' or `pass'")
}

func (p *actionParser) severity() (LogSeverity, *Error) {
	if s, ok := ParseLogSeverity(p.tok.text); ok && p.tok.kind == tokIdent {
		p.advance()
		return s, nil
	}
	return 0, p.expected("`alert', `warning', `notice', `info' or `debug'")
}

// keywords parses `(name = value, …)', possibly empty; value parses what
// stands behind the equals sign.
func (p *actionParser) keywords(value func(name token) *Error) *Error {
	if err := p.expect(tokLParen); err != nil {
		return err
	}
	for !p.accept(tokRParen) {
		name := p.tok
		if name.kind != tokIdent {
			return p.expected("the name of an argument")
		}
		p.advance()
		if err := p.expect(tokAssign); err != nil {
			return err
		}
		if err := value(name); err != nil {
			return err
		}
		if p.tok.kind != tokRParen {
			if err := p.expect(tokComma); err != nil {
				return err
			}
		}
	}
	return nil
}
