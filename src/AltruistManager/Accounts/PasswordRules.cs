using System.Collections.Frozen;
using Microsoft.AspNetCore.Identity;

namespace AltruistManager.Accounts;

/// <summary>
/// Refuses passwords that are guessed first: those of the embedded list, whatever digits and signs stand around them and whichever letters are written as digits, runs such as
/// <c>12345678</c> or <c>aaaaaaaa</c>, and the own address. How long and of what else it must be is nobody's business.
/// </summary>
public sealed class PasswordRules : IPasswordValidator<User>
{
    /// <summary>Least characters.</summary>
    public const int Shortest = 8;

    /// <summary>Most characters; hashing more is work for nothing.</summary>
    public const int Longest = 256;

    private static readonly FrozenSet<string> Common = Read();

    public Task<IdentityResult> ValidateAsync(UserManager<User> manager, User user, string? password) => Task.FromResult(
        password is null || password.Length < Shortest ? Refuse($"The password must have at least {Shortest} characters.")
        : password.Length > Longest ? Refuse($"The password must have at most {Longest} characters.")
        : IsCommon(password, user.Email) ? Refuse("This password is one of those that are guessed first: choose another.")
        : IdentityResult.Success);

    internal static bool IsCommon(string password, string email)
    {
        var lower = password.ToLowerInvariant();
        var core = lower.Trim([.. lower.Where(character => !char.IsLetter(character))]);
        var letters = Unmask(lower).Trim([.. lower.Where(character => !char.IsLetterOrDigit(character))]);
        string[] own = [email, email.Split('@')[0], .. email.Split('@', '.').Where(part => part.Length > 3)];
        return Common.Contains(lower) || Common.Contains(core) || Common.Contains(letters) || Common.Contains(Unmask(core))
            || own.Any(part => part.Length > 0 && (lower.Equals(part, StringComparison.OrdinalIgnoreCase) || core.Equals(part, StringComparison.OrdinalIgnoreCase)))
            || IsRun(lower) || IsRepeated(lower);
    }

    private static string Unmask(string text) => string.Create(text.Length, text, static (letters, masked) =>
    {
        for (var i = 0; i < masked.Length; i++)
        {
            letters[i] = masked[i] switch { '0' => 'o', '1' => 'i', '3' => 'e', '4' or '@' => 'a', '5' or '$' => 's', '7' => 't', '!' => 'i', var other => other };
        }
    });

    /// <summary>Each character follows the one before, up or down, or is the same.</summary>
    private static bool IsRun(string text)
    {
        var step = text[1] - text[0];
        return Math.Abs(step) <= 1 && text.Zip(text.Skip(1)).All(pair => pair.Second - pair.First == step || (pair.First, pair.Second, step) is ('9', '0', 1) or ('0', '9', -1));
    }

    /// <summary>A piece of up to four characters over and over.</summary>
    private static bool IsRepeated(string text) =>
        Enumerable.Range(1, 4).Any(length => text.Length >= 2 * length && Enumerable.Range(length, text.Length - length).All(at => text[at] == text[at - length]));

    private static IdentityResult Refuse(string why) => IdentityResult.Failed(new IdentityError { Code = "Password", Description = why });

    private static FrozenSet<string> Read()
    {
        using var resource = typeof(PasswordRules).Assembly.GetManifestResourceStream("AltruistManager.Accounts.common-passwords.txt")!;
        using var reader = new StreamReader(resource);
        return reader.ReadToEnd().Split((char[]?)null, StringSplitOptions.RemoveEmptyEntries).ToFrozenSet();
    }
}
