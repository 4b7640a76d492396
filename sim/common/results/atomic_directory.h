// Writes a directory of small files as one: afterwards it holds all of them, or it is as it was
// before. The files are first written beside it, then renamed; a directory written earlier is
// exchanged as a whole, so old and new files never mix. What is safe against a crash of the machine
// is left out: no fsync.
#pragma once
#include <filesystem>
#include <map>
#include <string>

namespace nestwalk {

using FileTexts = std::map<std::string, std::string>;  // text by file name

// Throws UserErrors when something cannot be written (nothing then remains), or when `directory` is
// there and holds anything not named in `replaceable`: it may be somebody's and is left alone.
void write_directory(const std::filesystem::path& directory, const FileTexts& files,
                     const FileTexts& replaceable);

// Writes one file, and checks that all of it got there. Throws UserErrors.
void write_file(const std::filesystem::path& path, const std::string& text);

// All of a file. Throws UserErrors.
std::string read_file(const std::filesystem::path& path);

}  // namespace nestwalk
