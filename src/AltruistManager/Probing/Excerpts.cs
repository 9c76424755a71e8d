using System.Text;

namespace AltruistManager.Probing;

/// <summary>Short printable pieces of what a stranger sent, without the secrets that gateways like to repeat.</summary>
internal sealed class Excerpts(Redactor redactor)
{
    private const int Length = 120;

    public string Of(ReadOnlySpan<byte> text) => Of(Encoding.UTF8.GetString(text[..Math.Min(text.Length, 4 * Length)]));

    public string Of(string text)
    {
        // Before it is cut, so that no half of a secret stays.
        var printable = new StringBuilder();
        foreach (var character in redactor.Clean(text).Trim())
        {
            if (printable.Length == Length)
            {
                printable.Append('…');
                break;
            }

            var blank = char.IsControl(character) || char.IsWhiteSpace(character) || character == '\uFFFD' || char.IsSurrogate(character);
            if (!blank)
                printable.Append(character);
            else if (printable.Length > 0 && printable[^1] != ' ')
                printable.Append(' ');
        }

        return printable.ToString().TrimEnd();
    }
}
