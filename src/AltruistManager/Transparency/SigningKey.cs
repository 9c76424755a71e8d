using AltruistManager.Storage;

namespace AltruistManager.Transparency;

/// <summary>Where the private key that signs the log is kept, encrypted: one at a time, the same for all processes of a database.</summary>
internal interface ISigningKeyStore
{
    /// <summary>Null when there is none yet.</summary>
    /// <exception cref="IOException">It is there and cannot be read.</exception>
    Task<string?> FindAsync(WriteTransaction write);

    /// <summary>Takes the place of the one before, which is forgotten.</summary>
    Task ReplaceAsync(WriteTransaction write, string secret);
}

/// <summary>On SQLite: the file <c>signing-key</c> in the data directory, for its owner only.</summary>
internal sealed class SigningKeyFile(Database database) : ISigningKeyStore
{
    private const UnixFileMode OwnerOnly = UnixFileMode.UserRead | UnixFileMode.UserWrite;

    public string Path => System.IO.Path.Combine(database.DataDirectory, "signing-key");

    public async Task<string?> FindAsync(WriteTransaction write)
    {
        try
        {
            return await File.ReadAllTextAsync(Path, write.Cancellation);
        }
        catch (Exception absent) when (absent is FileNotFoundException or DirectoryNotFoundException)
        {
            return null;
        }
        catch (UnauthorizedAccessException refused)
        {
            throw new IOException(refused.Message, refused);
        }
    }

    public Task ReplaceAsync(WriteTransaction write, string secret)
    {
        Directory.CreateDirectory(database.DataDirectory);
        var options = new FileStreamOptions { Mode = FileMode.Create, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows())
            options.UnixCreateMode = OwnerOnly;
        using (var stream = new FileStream(Path + ".new", options))
        {
            stream.Write(System.Text.Encoding.ASCII.GetBytes(secret));
            stream.Flush(flushToDisk: true);
        }

        File.Move(Path + ".new", Path, overwrite: true);
        return Task.CompletedTask;
    }
}
