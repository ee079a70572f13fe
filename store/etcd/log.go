package etcd

import (
	"context"
	"log/slog"

	"go.uber.org/zap/zapcore"
)

// logCore hands what etcd logs from warnings on to slog. etcd's informational
// lines are hundreds at each start and say nothing to weft's operator.
type logCore struct {
	log    *slog.Logger
	fields []zapcore.Field
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
	if e.Level >= zapcore.ErrorLevel {
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
