namespace AltruistManager.Storage;

/// <summary>Files that are there in whole or not at all.</summary>
public static class AtomicFile
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    /// <summary>Replaces a file. A new one is readable by its owner only.</summary>
    /// <param name="keepMode">Whether whoever could read the one before may read the new one.</param>
    /// <exception cref="IOException">The disk is full or cannot be written; what was there before is untouched.</exception>
    /// <exception cref="UnauthorizedAccessException">The folder may not be written to; likewise.</exception>
    public static void Write(string path, ReadOnlySpan<byte> content, bool keepMode = false)
    {
        var temporary = path + ".new";
        File.Delete(temporary);
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = OwnerOnly;
        try
        {
            using (var stream = new FileStream(temporary, options))
            {
                stream.Write(content);
                stream.Flush(flushToDisk: true);
            }

            if (keepMode && !OperatingSystem.IsWindows() && File.Exists(path))
                File.SetUnixFileMode(temporary, File.GetUnixFileMode(path));
            File.Move(temporary, path, overwrite: true);
        }
        catch (Exception failed) when (failed is IOException or UnauthorizedAccessException or ArgumentOutOfRangeException)
        {
            // What was written of it may be what fills the disk.
            File.Delete(temporary);
            if (failed is ArgumentOutOfRangeException)
                throw new IOException("the file may not grow further", failed);
            throw;
        }
    }
}
