package etcd

import (
	"context"
	"log/slog"
	"slices"
	"strings"

	"go.uber.org/zap/zapcore"
)

// logCore hands what etcd logs from warnings on to slog. etcd's informational
// lines are hundreds at each start and say nothing to weft's operator; the
// warnings that a healthy member of weft's gives at each start and stop are
// handed on as debugging.
type logCore struct {
	log    *slog.Logger
	fields []zapcore.Field
}

// harmless are the messages of a member that runs as weft wants it to. Where
// a text is given, only with an error that contains it.
var harmless = map[string][]string{
	// By choice: one port, large transactions, no users.
	"Running http and grpc server on single port. This is not recommended for production.": nil,
	"exceeded recommended request limit":                                                   nil,
	"simple token is not cryptographically signed":                                         nil,
	// The first start on a new directory.
	"Failed to detect schema version":  {"missing term information"},
	"failed to update storage version": {"missing term information"},
	// The end of the listeners when the member is closed, perhaps while it starts.
	"failed to update cluster version":              {"request cancelled", "server stopped", "context canceled", "raft: stopped"},
	"server has stopped; skipping GoAttach":         nil,
	"setting up serving from embedded etcd failed.": closed,
	"stopping insecure grpc server due to error":    closed,
	"stopped insecure grpc server due to error":     closed,
}

var closed = []string{"http: Server closed", "mux: server closed", "grpc: the server has been stopped", "use of closed network connection"}

// isHarmless tells whether a line is one of those; fields are the line's.
func isHarmless(message string, fields map[string]any) bool {
	texts, known := harmless[message]
	if !known || texts == nil {
		return known
	}
	err, _ := fields["error"].(string)
	return slices.ContainsFunc(texts, func(t string) bool { return strings.Contains(err, t) })
}

func newLogCore(log *slog.Logger) zapcore.Core {
	if log == nil {
		return zapcore.NewNopCore()
	}
	return &logCore{log: log}
}

func (c *logCore) Enabled(l zapcore.Level) bool { return l >= zapcore.WarnLevel }

func (c *logCore) With(fields []zapcore.Field) zapcore.Core {
	return &logCore{log: c.log, fields: append(c.fields[:len(c.fields):len(c.fields)], fields...)}
}

func (c *logCore) Check(e zapcore.Entry, ce *zapcore.CheckedEntry) *zapcore.CheckedEntry {
	if c.Enabled(e.Level) {
		return ce.AddCore(e, c)
	}
	return ce
}

func (c *logCore) Write(e zapcore.Entry, fields []zapcore.Field) error {
	enc := zapcore.NewMapObjectEncoder()
	for _, f := range c.fields {
		f.AddTo(enc)
	}
	for _, f := range fields {
		f.AddTo(enc)
	}
	level := slog.LevelWarn
	switch {
	case isHarmless(e.Message, enc.Fields):
		level = slog.LevelDebug
	case e.Level >= zapcore.ErrorLevel:
		level = slog.LevelError
	}
	args := make([]any, 0, len(enc.Fields))
	for k, v := range enc.Fields {
		args = append(args, slog.Any(k, v))
	}
	c.log.Log(context.Background(), level, "etcd: "+e.Message, args...)
	return nil
}

func (c *logCore) Sync() error { return nil }
