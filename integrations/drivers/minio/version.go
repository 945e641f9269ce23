package main

import "runtime/debug"

// That of minio-go which is in the program.
var version = func() string {
	if info, ok := debug.ReadBuildInfo(); ok {
		for _, one := range info.Deps {
			if one.Path == "github.com/minio/minio-go/v7" {
				return one.Version
			}
		}
	}
	return "unknown"
}()
